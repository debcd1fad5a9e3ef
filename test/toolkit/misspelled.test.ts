import { expect, it } from '@jest/globals';
import { variables } from '../../pipe/settings/variables.ts';
import { findMisspelled } from '../../pipe/toolkit/misspelled.ts';

const known = Object.keys(variables);

it.each([
  ['EXTRA_ARG', { EXTRA_ARG: '--no-clobber' }, 'EXTRA_ARGS'],
  ['EXTRA_ARG', { EXTRA_ARG_COUNT: '1', EXTRA_ARG_0: '--no-clobber' }, 'EXTRA_ARGS'],
  ['FILE_NAME', { FILE_NAME: 'dist/*' }, 'FILENAME'],
  ['FILE_NAME', { FILE_NAME_0: 'dist/*' }, 'FILENAME'],
  ['TOKENS', { TOKENS: 'x' }, 'TOKEN'],
  ['TAG', { TAG: '1.0' }, 'TAGS'],
  ['type', { type: 'image' }, 'TYPE'],
])('%s in %j stands for %s', (given, env, meant) => {
  expect(findMisspelled(env, known)).toEqual([{ given, meant }]);
});

it('does not mention what has no value', () => {
  expect(findMisspelled({ EXTRA_ARG: ' ', TOKENS: undefined }, known)).toEqual([]);
});

/** The variables of a step that runs a pipe, as its log shows them; most of them begin with BITBUCKET_. */
const pipelines = `
  BRANCH TAG COMMIT BUILD_NUMBER CLONE_DIR WORKSPACE REPO_SLUG REPO_OWNER REPO_UUID REPO_FULL_NAME
  REPO_OWNER_UUID REPO_IS_PRIVATE PROJECT_KEY PROJECT_UUID PIPELINE_UUID STEP_UUID STEP_RUN_NUMBER
  STEP_TRIGGERER_UUID STEP_OIDC_TOKEN GIT_HTTP_ORIGIN GIT_SSH_ORIGIN DOCKER_HOST_INTERNAL
  PIPELINES_VARIABLES_PATH PIPE_STORAGE_DIR PIPE_SHARED_STORAGE_DIR EXIT_CODE PACKAGES_TOKEN PACKAGES_USERNAME
  DEPLOYMENT_ENVIRONMENT DEPLOYMENT_ENVIRONMENT_UUID BOOKMARK PR_ID PR_DESTINATION_BRANCH PARALLEL_STEP
  PARALLEL_STEP_COUNT SSH_KEY_FILE TEST_METADATA_FILE
`
  .trim()
  .split(/\s+/)
  .map((name) => `BITBUCKET_${name}`)
  .concat('CI', 'DOCKER_HOST', 'PIPELINES_JWT_TOKEN');

/** Of the image, shells, terminals, languages, their package managers, proxies and other CI systems. */
const others = `
  PATH HOME HOSTNAME PWD OLDPWD SHLVL SHELL USER LOGNAME LANG LC_ALL TERM _ TZ TMPDIR TEMP EDITOR PAGER MAIL
  DISPLAY COLUMNS LINES COLORTERM NO_COLOR FORCE_COLOR OSTYPE HOSTTYPE MACHTYPE USERDOMAIN USERPROFILE
  COMPUTERNAME APPDATA ComSpec NODE_VERSION NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_DEBUG NODE_AUTH_TOKEN
  NPM_TOKEN npm_config_registry npm_package_name npm_lifecycle_event npm_config_debug npm_config_tag NPM_TAG
  YARN_VERSION JAVA_HOME JAVA_VERSION MAVEN_HOME MAVEN_OPTS GRADLE_OPTS GOPATH GOFLAGS PYTHONPATH PIP_INDEX_URL
  VIRTUAL_ENV SSL_CERT_FILE SSL_CERT_DIR SSH_AUTH_SOCK GPG_TTY HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
  http_proxy https_proxy no_proxy FTP_PROXY DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_BUILDKIT
  DOCKER_TOKEN BUILDKIT_PROGRESS DOCKER_TAG DOCKER_IMAGE KUBERNETES_SERVICE_HOST KUBERNETES_PORT AWS_REGION
  AWS_ACCESS_KEY_ID GITHUB_TOKEN GITHUB_WORKSPACE GITHUB_REPOSITORY RUNNER_DEBUG ImageOS ImageVersion GITLAB_CI
  CI_REGISTRY CI_JOB_TOKEN JENKINS_URL BUILD_TAG JOB_NAME STAGE ENVIRONMENT VERSION NAME
  WORKSPACE_ID APP_IMAGE MY_TAGS FILENAME_2X TYPE_ID EXTRA
`
  .trim()
  .split(/\s+/);

it.each([...pipelines, ...others])('%s is not ours', (name) => {
  expect(findMisspelled({ [name]: 'x' }, known)).toEqual([]);
});
