# The pipe's image: Node.js, the bundle, and what these two need. No shell, no package manager.
ARG BASE=node:26-bookworm-slim

FROM ${BASE} AS bundle
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY ci-scripts ci-scripts
COPY pipe pipe
RUN npm run build

FROM ${BASE} AS files
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Whatever Debian's security team has published: a pinned version would be gone from the mirrors with the next one.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends binutils ca-certificates libdeflate0 \
  && rm -rf /var/lib/apt/lists/*
# Node.js without its debug symbols (150 -> 116 MB, and 8 MB less to pull), the libraries that it and libdeflate name,
# and libdeflate, which the pipe loads by its name, all where the dynamic loader looks for them.
RUN mkdir -p /runtime/usr/lib /runtime/usr/lib64 /runtime/usr/local/bin /runtime/etc/ssl/certs \
  && ln -s usr/lib /runtime/lib && ln -s usr/lib64 /runtime/lib64 \
  && strip -o /runtime/usr/local/bin/node /usr/local/bin/node \
  && libdeflate="$(dpkg -L libdeflate0 | grep '\.so\.0$')" \
  && cp --dereference --parents "$libdeflate" /runtime \
  && ldd /usr/local/bin/node "$libdeflate" > /libraries \
  && sed -nE 's/^.*[[:space:]](\/[^ ]+) \(0x[0-9a-f]+\)$/\1/p' /libraries | sort -u \
  | xargs cp --dereference --parents --target-directory=/runtime \
  && cp /etc/ssl/certs/ca-certificates.crt /runtime/etc/ssl/certs/ \
  && chmod -R u=rwX,go=rX /runtime
COPY --from=bundle /source/dist /pipe/dist
COPY pipe.yml README.md LICENSE.txt /pipe/
# Runs the bundle once, as far as a refused connection, to fill Node.js's compile cache. "Portable" makes the cache serve
# any user. 40 runs to a validation error, 2 cores, medians: 65 ms without it, 40 ms with it, 49 ms from a start-up
# snapshot; an empty script takes 29 ms.
# On a processor with other features than the builder's, V8 passes the cache over.
RUN mkdir /pipe/dist/cache \
  && ! TOKEN=none WORKSPACE=none REPOSITORY=none FILENAME=/pipe/pipe.yml EXTRA_ARGS="['--retries', '0']" \
    API_URL=http://127.0.0.1:9/2.0 NODE_COMPILE_CACHE=/pipe/dist/cache NODE_COMPILE_CACHE_PORTABLE=1 \
    /runtime/usr/local/bin/node /pipe/dist/pipe.js > /warm-up.log \
  && grep 'ECONNREFUSED' /warm-up.log \
  && test -n "$(find /pipe/dist/cache -type f)" \
  && chmod -R u=rwX,go=rX /pipe
# The same files make the same layer: whoever has one version of the pipe need not pull Node.js again with the next.
RUN find /runtime /pipe -exec touch --no-dereference --date=@0 {} +

FROM scratch
LABEL org.opencontainers.image.title="bitbucket-upload-package" \
  org.opencontainers.image.description="Bitbucket Pipe that publishes what a build made: files, container images, npm and Maven packages" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://bitbucket.org/packagepipes/bitbucket-upload-package"
COPY --from=files /runtime/ /
COPY --from=files /pipe/ /
ENV NODE_COMPILE_CACHE=/dist/cache NODE_COMPILE_CACHE_PORTABLE=1
# Trusts Mozilla's list as Node.js has it, the image's /etc/ssl/certs, and NODE_EXTRA_CA_CERTS: 2 ms, only where TLS is spoken.
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "--use-system-ca", "/dist/pipe.js"]
