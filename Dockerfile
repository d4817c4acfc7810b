# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
ENV CARGO_TERM_COLOR=never
COPY . .
# The caches keep compiled dependencies between builds; the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin holdfast && cp target/release/holdfast /usr/local/bin/holdfast

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/holdfast --create-home --shell /usr/sbin/nologin holdfast
COPY --from=build /usr/local/bin/holdfast /usr/local/bin/holdfast

USER holdfast
WORKDIR /var/lib/holdfast
VOLUME /var/lib/holdfast
# This image brings no PostgreSQL: set DATABASE_URL (docker-compose.yml does).
ENV HOLDFAST_LISTEN=0.0.0.0:8420 HOLDFAST_DATA_DIR=/var/lib/holdfast
EXPOSE 8420
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["holdfast", "healthcheck"]
# SIGTERM, Docker's default, drains requests and jobs.
ENTRYPOINT ["holdfast"]
CMD ["serve"]
