{{/* What the injector does with a pod: its config file, made of the values. */}}
{{- define "outrigger.config" -}}
images:
  proxy: {{ include "outrigger.image" (dict "root" . "image" .Values.image) | quote }}
  init: {{ include "outrigger.image" (dict "root" . "image" .Values.init.image) | quote }}
  pullPolicy: {{ .Values.image.pullPolicy }}
interception: {{ .Values.injection.interception }}
nativeSidecar: {{ get (dict "auto" "auto" "true" "always" "false" "never") (toString .Values.injection.nativeSidecar) }}
proxy:
  uid: {{ int .Values.proxy.uid }}
  ports:
    inbound: {{ int .Values.proxy.ports.inbound }}
    outbound: {{ int .Values.proxy.ports.outbound }}
    admin: {{ int .Values.proxy.ports.admin }}
    namedPorts: {{ int .Values.proxy.ports.namedPorts }}
  {{- include "outrigger.resources" .Values.proxy.resources | nindent 2 }}
  logLevel: {{ .Values.proxy.logLevel }}
  skipInboundPorts: {{ toJson .Values.proxy.skipInboundPorts }}
  skipOutboundPorts: {{ toJson .Values.proxy.skipOutboundPorts }}
  skipOutboundCidrs: {{ toJson .Values.proxy.skipOutboundCidrs }}
  opaquePorts: {{ toJson .Values.proxy.opaquePorts }}
  drainOnPreStop: {{ .Values.proxy.drainOnPreStop }}
  probes:
    startup: {{ include "outrigger.probe" .Values.proxy.startupProbe }}
    readiness: {{ include "outrigger.probe" .Values.proxy.readinessProbe }}
    liveness: {{ include "outrigger.probe" .Values.proxy.livenessProbe }}
  env: {{ toJson .Values.proxy.env }}
init:
  {{- include "outrigger.resources" .Values.init.resources | nindent 2 }}
  backend: {{ .Values.init.backend }}
  runAsRoot: {{ .Values.init.runAsRoot }}
policy:
  configMap: {{ .Values.policy.configMapName | quote }}
  required: {{ .Values.policy.required }}
app:
  preStopSleep: {{ int .Values.app.preStopSleepSeconds }}s
  rewriteProbes: {{ .Values.app.rewriteProbes }}
discovery: {{ .Values.discovery.mode }}
imagePullSecrets: {{ toJson .Values.imagePullSecrets }}
{{- end }}

{{- define "outrigger.resources" -}}
cpu: {request: {{ toString .requests.cpu | quote }}, limit: {{ toString (.limits.cpu | default "") | quote }}}
memory: {request: {{ .requests.memory | quote }}, limit: {{ .limits.memory | quote }}}
{{- end }}

{{- define "outrigger.probe" -}}
{period: {{ int .periodSeconds }}s, failures: {{ int .failureThreshold }}
{{- with .timeoutSeconds }}, timeout: {{ int . }}s{{ end }}}
{{- end }}
