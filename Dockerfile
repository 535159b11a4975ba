# SPDX-License-Identifier: Apache-2.0
# The gateway's image, on Debian 13: built in one stage, run in another that holds the program and the libraries it is linked to, as user 65532,
# with nothing to write to but the volume of the database; so run it with a read-only root file system:
#   docker build -t embergate .
#   docker run --read-only --tmpfs /tmp -v embergate-data:/var/lib/embergate -v "$PWD/secrets:/run/secrets/embergate:ro" -p 8080:8080 embergate
FROM debian:trixie-slim AS build
WORKDIR /src
COPY scripts/install-deps scripts/install-deps
COPY scripts/lib/common.sh scripts/lib/librdkafka.sh scripts/lib/
RUN scripts/install-deps --build-only
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY config config
COPY scripts/build scripts/build
COPY scripts/lib/build.sh scripts/lib/
COPY include include
COPY src src
ARG EG_JOBS
RUN EG_SKIP_DEPS=1 EG_JOBS=${EG_JOBS:-$(nproc)} scripts/build release \
    && strip build/release/embergate \
    && ldd build/release/embergate | awk '$3 ~ /^\// { print $3 }' | xargs realpath | xargs dpkg-query -S | cut -d: -f1 | sort -u > /packages

FROM debian:trixie-slim
COPY --from=build /packages /packages
RUN apt-get update \
    && xargs -a /packages apt-get install -y --no-install-recommends ca-certificates openssl-provider-legacy \
    && rm -rf /var/lib/apt/lists/* /var/log/* /packages \
    && useradd --system --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin embergate \
    && install -d -o embergate -g embergate -m 0750 /var/lib/embergate
COPY --from=build /src/build/release/embergate /usr/local/bin/embergate
COPY --from=build /src/config/models /usr/local/share/embergate/models
USER 65532:65532
ENV BOX_WEB_PORT=8080 BOX_METRICS_PORT=8765 BOX_DB_PATH=/var/lib/embergate/gateway.db
VOLUME /var/lib/embergate
EXPOSE 8080 8765
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/usr/local/bin/embergate", "health"]
ENTRYPOINT ["/usr/local/bin/embergate"]
CMD ["serve"]
