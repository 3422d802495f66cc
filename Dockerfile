# The program `visage` on Debian 12. Built and run by docker-compose.yml; Postgres is a service
# of its own there.

FROM golang:1.26-bookworm AS build
WORKDIR /src
ENV VISAGE_HOME=/opt/visage
COPY go.mod go.sum ./
COPY scripts scripts
RUN scripts/setup.sh go compiler opencv onnxruntime && go mod download
COPY . .
ARG VERSION=unknown
RUN make build VERSION="$VERSION"

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates opencv-data \
        libopencv-calib3d406 libopencv-core406 libopencv-dnn406 libopencv-features2d406 \
        libopencv-highgui406 libopencv-imgcodecs406 libopencv-imgproc406 \
        libopencv-objdetect406 libopencv-photo406 libopencv-video406 libopencv-videoio406 \
        libjpeg62-turbo libturbojpeg0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/visage/lib/libonnxruntime.so.1 /usr/local/lib/
COPY --from=build /src/bin/visage /usr/local/bin/
# By number, so that Kubernetes can tell that it is not root.
RUN groupadd --system --gid 10001 visage \
    && useradd --system --uid 10001 --gid 10001 --create-home --home-dir /var/lib/visage visage
ENV VISAGE_HOME=/var/lib/visage VISAGE_ORT_LIB=/usr/local/lib/libonnxruntime.so.1
USER 10001:10001
WORKDIR /var/lib/visage
# Written to are the home folder, by models pull, and /tmp, by large uploads: the rest of the file
# system may be read-only.
VOLUME /var/lib/visage
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of visage serve at its usual port; docs/deploy.md says what to do for other commands.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["visage", "health", "--timeout", "9s"]
ENTRYPOINT ["visage"]
CMD ["--help"]
