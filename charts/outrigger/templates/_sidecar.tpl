{{/* The two containers of policy mode, in CEL: src/kubernetes/inject/{init,proxy}-container.ts. */}}

{{- define "outrigger.celInit" -}}
{{- $c := "Object.spec.initContainers" -}}
{{- $ports := .Values.proxy.ports -}}
{{- $resources := .Values.init.resources -}}
{{- $most := dict "cpu" ($resources.limits.cpu | default $resources.requests.cpu | toString) "memory" $resources.limits.memory -}}
{{ $c }}{
  name: "outrigger-init",
  image: {{ include "outrigger.image" (dict "root" . "image" .Values.init.image) | quote }},
  imagePullPolicy: {{ .Values.image.pullPolicy | quote }},
  args: ["firewall", "apply", "--inbound={{ int $ports.inbound }}", "--outbound={{ int $ports.outbound }}",
    "--proxy-uid=" + string(variables.uid),
    "--skip-inbound={{ int $ports.admin }}" + (variables.skipInbound == "" ? "" : "," + variables.skipInbound),
    "--skip-outbound=" + variables.skipOutbound,
    "--skip-outbound-cidrs=" + variables.skipOutboundCidrs,
    "--backend={{ .Values.init.backend }}"],
  securityContext: {{ $c }}.securityContext{
    runAsUser: {{ ternary 0 65534 .Values.init.runAsRoot }}, runAsNonRoot: {{ not .Values.init.runAsRoot }},
    privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true,
    capabilities: {{ $c }}.securityContext.capabilities{drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"]},
    seccompProfile: {{ $c }}.securityContext.seccompProfile{type: "RuntimeDefault"}},
  resources: variables.guaranteed ?
    {{ $c }}.resources{requests: {{ toJson $most }}, limits: {{ toJson $most }}} :
    {{ $c }}.resources{
      requests: {{ include "outrigger.amounts" $resources.requests }},
      limits: {{ include "outrigger.amounts" $resources.limits }}},
  terminationMessagePolicy: "FallbackToLogsOnError"}
{{- end }}

{{- define "outrigger.celProxy" -}}
{{- $c := "Object.spec.initContainers" -}}
{{- $ports := .Values.proxy.ports -}}
{{ $c }}{
  name: "outrigger-proxy",
  restartPolicy: "Always",
  image: {{ include "outrigger.image" (dict "root" . "image" .Values.image) | quote }},
  imagePullPolicy: {{ .Values.image.pullPolicy | quote }},
  args: ["run", "--name=" + variables.workload, "--config=/etc/outrigger/policy",
    "--admin=[::]:{{ int $ports.admin }}", "--lenient-start", "--log-level=" + variables.logLevel]
    + (variables.interception == "redirect" ?
      ["--inbound=[::]:{{ int $ports.inbound }}", "--outbound=[::]:{{ int $ports.outbound }}", "--transparent",
        "--opaque-ports={{ join "," .Values.proxy.opaquePorts | default "none" }}"] :
      ["--outbound=127.0.0.1:{{ int $ports.outbound }}"]
      + (variables.interception == "named-port" ?
        (variables.named.size() == 0 ? [] : ["--inbound-port-map=" +
          variables.named.transformList(i, n, n.port + ":" + string({{ int $ports.namedPorts }} + i)).join(",")]) :
        (variables.appPorts.size() == 0 ? [] :
          ["--inbound=[::]:{{ int $ports.inbound }}", "--app=127.0.0.1:" + string(variables.appPorts[0])]))),
  ports: (variables.interception == "named-port" ?
    variables.named.transformList(i, n,
      {{ $c }}.ports{name: n.name, containerPort: {{ int $ports.namedPorts }} + i, protocol: "TCP"}) :
    [{{ $c }}.ports{name: "outrigger-in", containerPort: {{ int $ports.inbound }}, protocol: "TCP"}])
    + [{{ $c }}.ports{name: "outrigger-admin", containerPort: {{ int $ports.admin }}, protocol: "TCP"}],
  env: [
    {{- range list
      (list "POD_NAME" "metadata.name") (list "POD_NAMESPACE" "metadata.namespace") (list "POD_UID" "metadata.uid")
      (list "POD_IPS" "status.podIPs") (list "CONTAINER_NAME" "")
      (list "NODE_NAME" "spec.nodeName") (list "SERVICE_ACCOUNT" "spec.serviceAccountName") }}
    {{- if eq (index . 1) "" }}
    {{ $c }}.env{name: {{ index . 0 | quote }}, value: "outrigger-proxy"},
    {{- else }}
    {{ $c }}.env{name: {{ index . 0 | quote }}, valueFrom: {{ $c }}.env.valueFrom{
      fieldRef: {{ $c }}.env.valueFrom.fieldRef{fieldPath: {{ index . 1 | quote }}}}},
    {{- end }}
    {{- end }}
    {{ $c }}.env{name: "MEM_LIMIT", valueFrom: {{ $c }}.env.valueFrom{
      resourceFieldRef: {{ $c }}.env.valueFrom.resourceFieldRef{resource: "limits.memory"}}},
    {{ $c }}.env{name: "CPU_LIMIT", valueFrom: {{ $c }}.env.valueFrom{
      resourceFieldRef: {{ $c }}.env.valueFrom.resourceFieldRef{resource: "limits.cpu", divisor: "1m"}}},
    {{ $c }}.env{name: "APP_PORTS", value: "[" + variables.appPorts.map(port,
      '{"port":' + string(port)
      + (port in variables.declaredPorts ?
        variables.declared[variables.declaredPorts.indexOf(port)].?name.optMap(n, ',"name":"' + n + '"').orValue("") : "")
      + variables.protocols.filter(p, p[0] == string(port))[?0].optMap(p, ',"protocol":"' + p[1] + '"').orValue("")
      + "}").join(",") + "]"},
    {{ $c }}.env{name: "APP_PROBES", value: "{}"},
    {{ $c }}.env{name: "TERMINATION_GRACE_SECONDS", value: string(variables.grace)},
    {{ $c }}.env{name: "OUTRIGGER_NATIVE_SIDECAR", value: "true"}
    {{- range $name, $text := .Values.proxy.env }},
    {{ $c }}.env{name: {{ $name | quote }}, value: {{ $text | quote }}}
    {{- end }}],
  {{- range list (list "startupProbe" "/startupz") (list "readinessProbe" "/readyz") (list "livenessProbe" "/livez") }}
  {{- $probe := index $.Values.proxy (index . 0) }}
  {{ index . 0 }}: {{ $c }}.{{ index . 0 }}{
    httpGet: {{ $c }}.{{ index . 0 }}.httpGet{path: {{ index . 1 | quote }}, port: "outrigger-admin", scheme: "HTTP"},
    periodSeconds: {{ int $probe.periodSeconds }}, failureThreshold: {{ int $probe.failureThreshold }},
    timeoutSeconds: {{ int ($probe.timeoutSeconds | default 1) }}},
  {{- end }}
  {{- if .Values.proxy.drainOnPreStop }}
  lifecycle: {{ $c }}.lifecycle{preStop: {{ $c }}.lifecycle.preStop{
    exec: {{ $c }}.lifecycle.preStop.exec{command: ["/nodejs/bin/node", "/app/outrigger.cjs", "drain"]}}},
  {{- end }}
  securityContext: {{ $c }}.securityContext{
    runAsNonRoot: true, runAsUser: variables.uid, runAsGroup: variables.uid,
    privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true,
    capabilities: {{ $c }}.securityContext.capabilities{drop: ["ALL"]},
    seccompProfile: {{ $c }}.securityContext.seccompProfile{type: "RuntimeDefault"}},
  volumeMounts: [{{ $c }}.volumeMounts{name: "outrigger-policy", mountPath: "/etc/outrigger/policy", readOnly: true}
    {{- if eq .Values.discovery.mode "endpointslice" }},
    {{ $c }}.volumeMounts{name: "outrigger-api", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true}
    {{- end }}],
  resources: {{ $c }}.resources{
    requests: {"cpu": variables.guaranteed ? variables.cpuMost : variables.cpuRequest,
      "memory": variables.guaranteed ? variables.memoryMost : variables.memoryRequest},
    limits: {?"cpu": optional.ofNonZeroValue(variables.guaranteed ? variables.cpuMost : variables.cpuLimit),
      ?"memory": optional.ofNonZeroValue(variables.guaranteed ? variables.memoryMost : variables.memoryLimit)}},
  terminationMessagePolicy: "FallbackToLogsOnError"}
{{- end }}

{{/* Amounts as a map in CEL; what is empty is left out. */}}
{{- define "outrigger.amounts" -}}
{{- $stated := dict }}{{ range $what, $amount := . }}{{ if not (empty $amount) }}{{ $_ := set $stated $what (toString $amount) }}{{ end }}{{ end -}}
{{ toJson $stated }}
{{- end }}
