# A node of a Tallystick chain. Build from the repository's root:
#   docker build -f docker/node.Dockerfile -t tallystick-node .
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make perl protobuf-compiler \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /node
COPY chain/node .
RUN cargo build --release --locked

FROM debian:bookworm-slim
COPY --from=build /node/target/release/tally-node /usr/local/bin/tally-node
RUN useradd --create-home --uid 1000 tally && mkdir /data && chown tally:tally /data
USER tally
VOLUME /data
ENTRYPOINT ["tally-node"]
