import { describe, expect, it } from '@jest/globals';
import { chooseEntry, imageOf } from './choose-entry.ts';
import { dockerRun, formatCommand } from './docker-run.ts';
import { findPipeEntries, type PipeEntry } from './pipe-entries.ts';
import { expand, pipeEnvironment } from './pipe-variables.ts';

const file = String.raw`
definitions:
  steps:
    - step: &publish
        name: Publish
        script:
          - pipe: packagepipes/bitbucket-upload-package:1.2.3
            variables:
              TOKEN: $MY_TOKEN
              FILENAME: ['dist/\${BITBUCKET_BUILD_NUMBER}.zip', 'a b']
              RATIO: 1.10
pipelines:
  default:
    - step: *publish
    - parallel:
        - step:
            name: Notify
            script:
              - echo hello
              - pipe: docker://acme/notify:2
              - pipe: acme/other:1.0.0
                variables: { TEXT: 'a\\\\b' }
`.replaceAll(String.raw`\$`, '$');

const ownPipeYml = [
  'image: packagepipes/bitbucket-upload-package:1.2.4',
  'variables:',
  '  - name: TOKEN',
  "  - {name: OWN_TOKEN, default: '${OWN_TOKEN}'}",
  "  - {name: UNSET, default: '${UNSET}'}",
  '  - {name: FILENAME, default: never}',
].join('\n');

const entries = findPipeEntries(file);

describe('the entries of a file', () => {
  it('are those of all steps, without repetitions by anchors', () => {
    expect(entries.map(({ step, pipe }) => [step, pipe])).toEqual([
      ['Publish', 'packagepipes/bitbucket-upload-package:1.2.3'],
      ['Notify', 'docker://acme/notify:2'],
      ['Notify', 'acme/other:1.0.0'],
    ]);
  });

  it('may be the only content of the file', () => {
    expect(findPipeEntries('- pipe: a/b:1\n')).toEqual([{ step: undefined, pipe: 'a/b:1', variables: {} }]);
  });

  it.each([
    ['- pipe: a/b:1\n  variables: [x]\n', 'its variables are not a map'],
    ['- pipe: a/b:1\n  variables: {X: {y: z}}\n', 'X is neither a string nor a list of strings'],
    ['- pipe: "a/b:1\n', 'Missing closing'],
  ])('of %j are rejected', (text, expected) => {
    expect(() => findPipeEntries(text)).toThrow(expected);
  });

  it('are chosen by step and number', () => {
    expect(chooseEntry(entries, { step: 'Publish' })).toBe(entries[0]);
    expect(chooseEntry(entries, { step: 'Notify', entry: '2' })).toBe(entries[2]);
    expect(chooseEntry(entries, { entry: '2' })).toBe(entries[1]);
  });

  it('are listed if the choice does not select exactly one', () => {
    expect(() => chooseEntry(entries, {})).toThrow(
      /Several entries match.*\n {2}1\. step "Publish": packagepipes.*\n.*\n {2}3\. step "Notify": acme\/other:1\.0\.0$/,
    );
    expect(() => chooseEntry(entries, { entry: '4' })).toThrow('No entry matches');
    expect(() => chooseEntry(entries, { step: 'Notify' })).toThrow(/\n {2}2\. step "Notify": acme\/other:1\.0\.0$/);
    expect(() => chooseEntry([], {})).toThrow('no pipe: entry');
  });
});

describe('the image', () => {
  it.each([
    ['docker://acme/notify:2', 'acme/notify:2'],
    ['packagepipes/bitbucket-upload-package:1.2.3', 'packagepipes/bitbucket-upload-package:1.2.4'],
  ])('of %s is %s', (pipe, image) => {
    expect(imageOf(pipe, ownPipeYml)).toBe(image);
  });

  it("of another repository's pipe must be given", () => {
    expect(() => imageOf('acme/other:1.0.0', ownPipeYml)).toThrow('--image');
  });
});

describe('the environment', () => {
  const step = { MY_TOKEN: 'secret', OWN_TOKEN: 'own', BITBUCKET_BUILD_NUMBER: '7', HOME: '/root', CI: 'true' };

  it("has the entry's variables, array items one by one, pipe.yml's defaults, and the variables that every pipe gets", () => {
    const [publish] = entries;
    expect(pipeEnvironment(publish as PipeEntry, ownPipeYml, step)).toEqual({
      CI: 'true',
      BITBUCKET_BUILD_NUMBER: '7',
      TOKEN: 'secret',
      OWN_TOKEN: 'own',
      UNSET: '${UNSET}',
      FILENAME_COUNT: '2',
      FILENAME_0: 'dist/7.zip',
      FILENAME_1: 'a b',
      RATIO: '1.10',
    });
  });

  it('has no defaults if no pipe.yml is read', () => {
    expect(pipeEnvironment({ step: undefined, pipe: 'docker://a/b:1', variables: {} }, undefined, step)).toEqual({
      CI: 'true',
      BITBUCKET_BUILD_NUMBER: '7',
    });
  });

  it.each([
    ['$MY_TOKEN', 'secret'],
    ['x${CI}y$CI-$CIX', 'xtrueytrue-$CIX'],
    ['${UNSET} $ ${1}', '${UNSET} $ ${1}'],
    [String.raw`a\\\\b\\c`, String.raw`a\b\\c`],
  ])('has %s as %s', (text, expected) => {
    expect(expand(text, step)).toBe(expected);
  });
});

describe('docker run', () => {
  it('mounts the working directory as the clone, and passes secrets by name only', () => {
    const { words, secrets } = dockerRun('acme/app:1', '/home/me/my app', { TOKEN: 's3cret', FILENAME: "it's" });
    expect(secrets).toEqual({ TOKEN: 's3cret' });
    expect(words).toEqual(expect.arrayContaining(['--env=TOKEN', "--env=FILENAME=it's", 'acme/app:1']));
    const command = formatCommand(words);
    expect(command).toContain("'--volume=/home/me/my app:/opt/atlassian/pipelines/agent/build'");
    expect(command).toContain(String.raw`'--env=FILENAME=it'\''s'`);
    expect(command).not.toContain('s3cret');
  });

  it.each([
    [undefined, '--volume=/var/run/docker.sock:/var/run/docker.sock'],
    ['unix:///run/user/1/docker.sock', '--volume=/run/user/1/docker.sock:/var/run/docker.sock'],
    ['tcp://localhost:2375', '--env=DOCKER_HOST=tcp://localhost:2375'],
  ])('reaches the engine at %s', (dockerHost, expected) => {
    expect(dockerRun('acme/app:1', '/', {}, dockerHost).words).toContain(expected);
  });
});
