# The pipe's image: Node.js, the bundle, and their dependencies. No shell, no package manager.
ARG BASE=node:26-bookworm-slim
# For cross-building: a base of the target's architecture, from which files are only copied.
ARG TARGET_BASE=${BASE}
# For cross-building: an image without files. The classic builder has no other way to set the platform of the last stage.
ARG EMPTY=scratch

FROM ${BASE} AS bundle
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
# With tsconfig.json, esbuild produces the same bundle as `npm run build` does anywhere else.
COPY tsconfig.json ./
COPY ci-scripts/build.mjs ci-scripts/bundled-modules.mjs ci-scripts/check-undici-subset.mjs \
  ci-scripts/describe-bundle.mjs ci-scripts/fail-unless-writable.mjs ci-scripts/find-runtime.mjs \
  ci-scripts/llhttp-license.txt ci-scripts/notices.mjs ci-scripts/run.mjs ci-scripts/sbom.mjs \
  ci-scripts/undici-subset.cjs ci-scripts/
COPY pipe pipe
RUN npm run build

FROM ${TARGET_BASE} AS target

FROM ${BASE} AS files
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# amd64 or arm64; defaults to the builder's architecture.
ARG ARCHITECTURE
# The official image has Node.js's licences. One that has only the program is accepted, too: the npm package has them as well.
COPY --from=target /usr/local/bin/node /usr/local/LICENSE* /target/usr/local/bin/
COPY ci-scripts/collect-runtime.sh /
RUN /collect-runtime.sh /target /runtime /facts ${ARCHITECTURE}
COPY --from=bundle /source/dist/package.json /source/dist/pipe.js /source/dist/result.schema.json \
  /source/dist/sbom.cdx.json /source/dist/THIRD-PARTY-NOTICES.txt /pipe/dist/
COPY pipe.yml README.md LICENSE.txt /pipe/
# Runs the bundle once, up to a refused connection, to fill Node.js's compile cache. "Portable" makes the cache usable by
# any user. Median of 40 runs to a validation error, 2 cores: 65 ms without it, 40 ms with it, 49 ms from a start-up
# snapshot; an empty script takes 29 ms.
# With the seed, the same bundle always gives the same cache; V8 accepts the cache without the seed too.
# On a processor with different features from the builder's, V8 ignores the cache.
# When cross-building, nothing is run, and the image compiles the bundle at start-up.
RUN mkdir /pipe/dist/cache \
  && if [ "${ARCHITECTURE:-$(dpkg --print-architecture)}" = "$(dpkg --print-architecture)" ]; then \
    ! TOKEN=none WORKSPACE=none REPOSITORY=none FILENAME=/pipe/pipe.yml EXTRA_ARGS="['--retries', '0']" \
      API_URL=http://127.0.0.1:9/2.0 NODE_COMPILE_CACHE=/pipe/dist/cache NODE_COMPILE_CACHE_PORTABLE=1 \
      /runtime/usr/local/bin/node --random-seed=1 /pipe/dist/pipe.js > /warm-up.log \
    && grep 'ECONNREFUSED' /warm-up.log \
    && test -n "$(find /pipe/dist/cache -type f)"; \
  fi
COPY --from=bundle /source/node_modules/node-linux-*/LICENSE /node/
COPY ci-scripts/describe-image.mjs ci-scripts/notices.mjs ci-scripts/sbom.mjs /ci-scripts/
RUN node /ci-scripts/describe-image.mjs /runtime /pipe /facts /target/usr/local/bin/LICENSE /node/LICENSE \
  && chmod -R u=rwX,go=rX /pipe \
  # For archives that are packed, by whatever user.
  && mkdir --mode=1777 /runtime/tmp
# The same files make the same layer: a machine that has one version of the pipe need not pull Node.js again for the next.
RUN find /runtime /pipe -exec touch --no-dereference --date=@0 {} +

FROM ${EMPTY}
LABEL org.opencontainers.image.title="bitbucket-upload-package" \
  org.opencontainers.image.description="Bitbucket Pipe that publishes your build's output: files, container images, npm, Maven and Python packages, packages for Octopus Deploy" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://bitbucket.org/packagepipes/bitbucket-upload-package"
COPY --from=files /runtime/ /
COPY --from=files /pipe/ /
ENV NODE_COMPILE_CACHE=/dist/cache NODE_COMPILE_CACHE_PORTABLE=1
# Trusts Node.js's copy of Mozilla's list, the image's /etc/ssl/certs, and NODE_EXTRA_CA_CERTS: takes 2 ms, only if TLS is used.
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "--use-system-ca", "/dist/pipe.js"]
