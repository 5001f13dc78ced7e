{{/*
What both admission policies say in CEL. It follows src/kubernetes/inject word for word where it can, and a suite holds the two
against each other on a real API server. Every text out of values goes through quote, so that none can be taken for CEL.
*/}}

{{/* An annotation of the pod, else of its namespace, else a text: (list "cpu" "50m"). */}}
{{- define "outrigger.annotation" -}}
{{- $key := printf "outrigger.dev/%s" (index . 0) | quote -}}
object.metadata.?annotations[{{ $key }}].or(namespaceObject.metadata.?annotations[{{ $key }}]).orValue({{ index . 1 | toString | quote }})
{{- end }}

{{/* The user of the sidecar. OpenShift runs a namespace's pods in a range of its own; ours is the second of it. */}}
{{- define "outrigger.uid" -}}
{{- $range := "namespaceObject.metadata.?annotations['openshift.io/sa.scc.uid-range'].orValue('')" -}}
{{ $range }}.matches('^[0-9]+[/-][0-9]+$') ? int({{ $range }}.replace('-', '/').split('/')[0]) + 1 : {{ int .Values.proxy.uid }}
{{- end }}

{{/* Pods that the injector leaves alone, too. Each condition has to hold. */}}
{{- define "outrigger.taken" -}}
- name: no-host-network
  expression: "!object.spec.?hostNetwork.orValue(false)"
- name: no-mirror-of-a-static-pod
  expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))"
- name: no-windows
  expression: >-
    object.spec.?os.?name.orValue('') != 'windows' &&
    object.spec.?nodeSelector['kubernetes.io/os'].orValue('') != 'windows'
- name: no-other-mesh
  expression: >-
    !(object.spec.containers.map(c, c.name) + object.spec.?initContainers.orValue([]).map(c, c.name)).exists(name, name in
    ['istio-proxy', 'linkerd-proxy', 'kuma-sidecar', 'consul-dataplane', 'envoy-sidecar', 'osm-init'])
{{- end }}

{{/*
Ports are told apart pairwise, and an expression of CEL may cost only so much: a pod with some 500 would be refused for its cost, without a
word that helps. Who says which ports matter is not counted.
*/}}
{{- define "outrigger.fewPorts" -}}
object.metadata.?annotations["outrigger.dev/app-ports"].orValue("") != "" ||
(object.spec.?initContainers.orValue([]) + object.spec.containers)
.filter(c, !(c.name in ["outrigger-proxy", "outrigger-init"])).map(c, c.?ports.orValue([]).size()).sum() <= 400
{{- end }}

{{/* The two bindings of a policy: (dict "root" $ "kind" KIND "policy" NAME "actions" ACTIONS). */}}
{{- define "outrigger.bindings" -}}
{{- range $name, $selectors := dict "namespace" "outrigger.byNamespace" "object" "outrigger.byPod" }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: {{ $.kind }}
metadata:
  name: {{ $.policy }}-{{ $name }}
  labels:
    {{- include "outrigger.labels" $.root | nindent 4 }}
spec:
  policyName: {{ $.policy }}
  {{- with $.actions }}
  validationActions: {{ toJson . }}
  {{- end }}
  matchResources:
    {{- include $selectors $.root | nindent 4 }}
{{- end }}
{{- end }}
