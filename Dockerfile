# The daemon and coheldctl in a small image that runs as nobody special.
#
#   docker build -t coheld .
#   docker run --rm -v data:/var/lib/coheld -v coheld:/run/coheld coheld     clients share the second volume
#   docker run --rm -v data:/var/lib/coheld -p 127.0.0.1:7420:7420 coheld --listen 0.0.0.0:7420
#
#   docker run --rm -v data:/var/lib/coheld -p 7420:7420 -v ./coheld.key:/coheld.key:ro \
#     -e COHELD_KEY_FILE=/coheld.key coheld --listen 0.0.0.0:7420 --key-file /coheld.key
#
# What the daemon holds is in /var/lib/coheld, made durable before it is answered; name its volume, or it goes
# with the container. A backup, while it works: docker exec CONTAINER coheldctl backup /var/lib/coheld-backup/now
# (of a mounted folder that belongs to user 7420), or coheldctl --address host:7420 backup FILE from elsewhere.
#
# Without a key whoever reaches the port is served. The key's file belongs to user 7420, mode 0600.
# (COHELD_KEY_FILE is for the health check.) Without TLS nothing is encrypted: publish the port only to networks that
# you trust. With TLS (see deploy/compose.yaml; deploy/kubernetes.md for a Secret):
#   docker run --rm -v data:/var/lib/coheld -p 7420:7420 -v ./tls:/tls:ro coheld --listen 0.0.0.0:7420 \
#     --tls-cert /tls/daemon.pem --tls-key /tls/daemon.key
# Without Docker the stages can be tried as they stand: debootstrap a minimal bookworm, mount /proc and /dev,
# chroot, copy what COPY copies, run what RUN runs, and start the daemon with chroot --userspec=7420.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY deploy/install-packages deploy/install-packages
COPY deploy/packages deploy/packages
RUN deploy/install-packages build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DCOHELD_TESTS=OFF \
    && ninja -C build/release coheld coheldctl \
    && strip build/release/bin/coheld build/release/bin/coheldctl

FROM debian:bookworm-slim
COPY deploy/install-packages deploy/packages/runtime /tmp/deploy/
RUN mkdir /tmp/deploy/packages && mv /tmp/deploy/runtime /tmp/deploy/packages/ \
    && /tmp/deploy/install-packages runtime \
    && rm -rf /tmp/deploy /var/lib/apt/lists/* \
    && useradd --no-create-home --shell /usr/sbin/nologin --uid 7420 coheld \
    && install -d -o coheld -g coheld -m 0750 /run/coheld \
    && install -d -o coheld -g coheld -m 0700 /var/lib/coheld
COPY --from=build /src/build/release/bin/coheld /src/build/release/bin/coheldctl /usr/local/bin/
USER coheld
ENV COHELD_ADDRESS=unix:/run/coheld/coheld.sock
VOLUME /run/coheld /var/lib/coheld
EXPOSE 7420
# SIGTERM drains.
STOPSIGNAL SIGTERM
# It answers when it has read what it holds.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["coheldctl", "ping"]
# Always on the Unix socket, for the health check and for neighbours that share the volume.
ENTRYPOINT ["coheld", "--listen", "unix:/run/coheld/coheld.sock", "--data-dir", "/var/lib/coheld"]
