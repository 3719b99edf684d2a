# The daemon in a small image. It is configured by environment variables, or by a file:
#   docker run -v $PWD/config.toml:/etc/brigade/config.toml:ro brigade

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs config.toml ./
COPY src src
# What `brigade --version` tells; the repository stays outside.
ARG SOURCE_COMMIT
ARG SOURCE_DATE_EPOCH
# The toolchain is the image's: rust-toolchain.toml stays outside, or rustup would fetch another.
RUN cargo build --locked --release --bin brigade

FROM debian:bookworm-slim
# The certificates AWS is known by.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/brigade /usr/local/bin/brigade
# Numeric, so that Kubernetes can see that it is not root.
USER 65532:65532
# Inside a container, loopback is nobody's.
ENV BRIGADE_ADMIN__LISTEN=0.0.0.0:9900
# Nor huge pages where the host gives them to everybody: what is freed would stay resident.
ENV MIMALLOC_ALLOW_THP=0
EXPOSE 9900
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["brigade", "health"]
# No shell in between: the daemon itself gets SIGTERM and drains.
ENTRYPOINT ["brigade"]
CMD ["run"]
