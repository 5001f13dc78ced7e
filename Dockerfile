# The images: the sidecar's (Node, one bundled file, the policy files to start from; no shell, no package manager, not root), and
# with --target init that of the init container, which sets the rules of interception and so needs iptables.
#
#   docker build -t outrigger .
#   docker build -t outrigger-init --target init .
#   docker run -p 8080:19000 -v ./my-policies:/etc/outrigger/policy:ro outrigger --app HOST:PORT
#   docker run -v ./my-policies:/policy outrigger validate /policy
#
# NODE_IMAGE builds and gives the Node that runs later. BASE is what stands beneath the sidecar; Node brings all it needs, so
# nothing has to. INIT_BASE is a Debian, or whatever else has iptables, nftables, setcap and what Node is linked to.
ARG NODE_IMAGE=node:26-slim
ARG BASE=scratch
ARG INIT_BASE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

# /image becomes the root of the image: Node with the libraries it is linked to, and the bundle, which names its Node in its
# first line. Flags for V8 that cannot be set later may stand behind that name (a first line takes one). koffi is native and lies
# beside the bundle; it is read where connections are intercepted, and nowhere else.
RUN mkdir -p /image/nodejs/bin /image/app/node_modules /image/etc/outrigger/policy /image/tmp \
 && cp "$(readlink -f "$(command -v node)")" /image/nodejs/bin/node \
 && ldd /image/nodejs/bin/node | grep -o '/[^ ]*' | sort -u | xargs -I{} cp -L --parents {} /image \
 && cp -r dist/. /image/app \
 && sed -i '1s|.*|#!/nodejs/bin/node|' /image/app/outrigger.cjs \
 && chmod 755 /image/app/outrigger.cjs \
 && ln -s outrigger.cjs /image/app/outrigger \
 && cp -r node_modules/koffi node_modules/@koromix /image/app/node_modules \
 && cp -r policies LICENSE /image/app \
 && echo 'outrigger:x:19765:19765::/:/nologin' > /image/etc/passwd \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
 && chmod 1777 /image/tmp

# File capabilities, so that a container that is not root may still be given NET_ADMIN: both what starts and what it starts need
# them. Node's are set where it was made, for a change here would be a second copy of it.
FROM build AS capable
RUN command -v setcap || { apt-get update && apt-get install -y --no-install-recommends libcap2-bin; }
RUN setcap cap_net_admin,cap_net_raw+ep /image/nodejs/bin/node

FROM ${INIT_BASE} AS init
RUN { command -v iptables-nft-restore && command -v nft && command -v setcap && ldconfig -p | grep -q libatomic; } \
 || { apt-get update && apt-get install -y --no-install-recommends iptables nftables libcap2-bin libstdc++6 libatomic1 \
      && rm -rf /var/lib/apt/lists/*; }
RUN for tool in xtables-nft-multi xtables-legacy-multi nft; do \
      setcap cap_net_admin,cap_net_raw+ep "$(readlink -f "$(command -v $tool)")"; done
COPY --from=capable /image/nodejs /nodejs
COPY --from=capable /image/app /app
USER 65534:65534
ENTRYPOINT ["/nodejs/bin/node", "/app/outrigger.cjs"]
CMD ["firewall", "apply"]

FROM ${BASE}
COPY --from=build /image /
ENV PATH=/app:/nodejs/bin
# A user of its own, so that a rule on this uid can tell the sidecar's packets from the application's.
USER 19765:19765
EXPOSE 19000 19001
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["outrigger", "healthz"]
# Arguments that start with `-`, or none at all, mean `run`.
ENTRYPOINT ["outrigger"]
CMD ["run"]
