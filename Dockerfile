# The image of the sidecar: Node, one bundled file, the policy files to start from. No shell, no package manager, not root.
#
#   docker build -t outrigger .
#   docker run -v ./policy:/etc/outrigger/policy outrigger              the same as: run
#   docker run -v ./policy:/policy outrigger validate /policy
#
# NODE_IMAGE builds and gives the Node that runs later. BASE is what stands beneath; Node brings all it needs, so nothing has to.
ARG NODE_IMAGE=node:26-slim
ARG BASE=scratch

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

# /image becomes the root of the image: Node with the libraries it is linked to, and the bundle, which names its Node in its
# first line. Flags for V8 that cannot be set later may stand behind that name (a first line takes one).
RUN mkdir -p /image/nodejs/bin /image/app /image/etc/outrigger/policy /image/tmp \
 && cp "$(readlink -f /usr/local/bin/node)" /image/nodejs/bin/node \
 && ldd /image/nodejs/bin/node | grep -o '/[^ ]*' | sort -u | xargs -I{} cp -L --parents {} /image \
 && sed '1s|.*|#!/nodejs/bin/node|' dist/outrigger.cjs > /image/app/outrigger.cjs \
 && chmod 755 /image/app/outrigger.cjs \
 && ln -s outrigger.cjs /image/app/outrigger \
 && cp -r policies LICENSE dist/THIRD-PARTY.txt /image/app \
 && echo 'outrigger:x:19765:19765::/:/nologin' > /image/etc/passwd \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
 && chmod 1777 /image/tmp

FROM ${BASE}
COPY --from=build /image /
ENV PATH=/app:/nodejs/bin
# A user of its own, so that a rule on this uid can tell the sidecar's packets from the application's.
USER 19765:19765
EXPOSE 19000 19001
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "require('node:http').get('http://' + (process.env.OUTRIGGER_ADMIN || '127.0.0.1:19002') + '/livez', (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Arguments that start with `-`, or none at all, mean `run`.
ENTRYPOINT ["outrigger"]
CMD ["run"]
