# syntax=docker/dockerfile:1

# Packages that the built gateway needs, and nothing that only builds or tests it. Optional ones are for the sandbox:
# `npm ci --omit=dev --omit=optional` makes the image 51 MB smaller, for a gateway that never starts it.
FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# The compiler's work. The empty folder becomes the sandbox's data folder: the last image has no shell to make one.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci
COPY src ./src
COPY routes ./routes
RUN npm run build
RUN mkdir data

# No shell and no package manager; nothing in it belongs to the user it runs as, but the data folder.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cloudinary-gateway" \
      org.opencontainers.image.description="A self-hosted REST microservice between your callers and Cloudinary, with an offline Cloudinary sandbox inside." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build --chown=65532:65532 /app/data /data
COPY package.json openapi.yaml ./

# In a container of its own the gateway is reached from outside, so it listens on every address; it then refuses to start
# without keys (GATEWAY_KEYS, POLICY_FILE), unless AUTH=none says that this is meant. A sidecar sets HOST=127.0.0.1 instead.
# It also refuses to start without credentials, unless SANDBOX=on asks for the embedded sandbox.
# Behind a balancer it must be taken out of the list before its door closes, so it drains first. Whoever stops it has to
# wait longer than SHUTDOWN_DRAIN_SECONDS and SHUTDOWN_GRACE_SECONDS together: `docker stop -t 40`.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    SHUTDOWN_DRAIN_SECONDS=5 \
    SANDBOX_DATA=/data
EXPOSE 8080 8081
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/src/server.js", "health"]
# Flags for V8, the same as in `npm start`. Node warns against setting them in a running process.
# max-semi-space-size: from Node 24 on the freed buffers of uploads are found only when the young generation is
#   full, so it is small.
# no-memory-reducer: V8 would shrink the heap under load too, and uploads would then cost up to three times the CPU.
# heap-growing-percent: a heap that was shrunk for another reason may grow as fast as before. V8 counts the buffers
#   of uploads as growth, and would collect the whole heap about thirty times per GiB.
# no-allocation-site-pretenuring: requests that arrive together are alive at the same collection, so V8 would from
#   then on allocate their objects in the old generation, and keep every request until the whole heap is collected.
ENTRYPOINT ["/nodejs/bin/node", \
  "--max-semi-space-size=8", "--no-memory-reducer", \
  "--heap-growing-percent=300", "--no-allocation-site-pretenuring", \
  "/app/dist/src/server.js"]
CMD ["serve"]
