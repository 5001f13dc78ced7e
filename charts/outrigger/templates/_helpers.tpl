{{/* Labels that select pods of the injector: they may never change, for a Deployment's selector cannot. */}}
{{- define "outrigger.selector" -}}
app.kubernetes.io/name: outrigger
app.kubernetes.io/component: injector
{{- end }}

{{/*
Labels of every object of this chart. Where a value names one of ours its text is taken: a key that stands twice is no YAML to kustomize.
A value that is left empty (`commonLabels:`) takes ours away, and merge takes no nil.
*/}}
{{- define "outrigger.labels" -}}
{{- $ours := dict
  "app.kubernetes.io/name" "outrigger"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "outrigger"
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{ toYaml (merge (pick $ours "app.kubernetes.io/name") (.Values.commonLabels | default dict) $ours) }}
{{- end }}

{{/* The same with more: (dict "root" $ "more" .Values.podMonitor.labels). */}}
{{- define "outrigger.moreLabels" -}}
{{ toYaml (merge (dict) (.more | default dict) (include "outrigger.labels" .root | fromYaml)) }}
{{- end }}

{{/* Labels of the injector's pods. Those it is selected by are not for a value to change. */}}
{{- define "outrigger.podLabels" -}}
{{- $own := dict "outrigger.dev/component" "injector" -}}
{{ toYaml (merge (include "outrigger.selector" . | fromYaml) $own (.Values.podLabels | default dict) (include "outrigger.labels" . | fromYaml)) }}
{{- end }}

{{/* One image as a reference: (dict "root" $ "image" .Values.image). A digest wins over a tag, and an empty tag is the version of the chart. */}}
{{- define "outrigger.image" -}}
{{- $registry := .image.registry | default .root.Values.image.registry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* The port the webhook listens on. With hostNetwork 10250 is the kubelet's. */}}
{{- define "outrigger.port" -}}
{{ .Values.injector.port | default (ternary 10260 10250 .Values.injector.hostNetwork) }}
{{- end }}

{{/* Namespaces that never take part: those of the cluster itself, and our own, which must come up when we are down. */}}
{{- define "outrigger.namespaces" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ toJson (append .Values.injection.excludedNamespaces .Release.Namespace | uniq) }}
{{- with .Values.injection.namespaceSelector }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Pods that may take part whoever opted in. */}}
{{- define "outrigger.objects" -}}
- key: outrigger.dev/component
  operator: DoesNotExist
{{- with .Values.injection.objectSelector }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Who opted in, said twice because a label may stand in two places: a namespace that is enabled and a pod that does not object,
or a namespace that is silent and a pod that is enabled. No pod is both, so no pod is asked about twice. The webhooks and the
bindings of both policies select by exactly this.
*/}}
{{- define "outrigger.byNamespace" -}}
namespaceSelector:
  matchExpressions:
  - key: outrigger.dev/inject
    operator: In
    values: [enabled]
  {{- include "outrigger.namespaces" . | nindent 2 }}
objectSelector:
  matchExpressions:
  - key: outrigger.dev/inject
    operator: NotIn
    values: [disabled]
  {{- include "outrigger.objects" . | nindent 2 }}
{{- end }}

{{- define "outrigger.byPod" -}}
namespaceSelector:
  matchExpressions:
  - key: outrigger.dev/inject
    operator: DoesNotExist
  {{- include "outrigger.namespaces" . | nindent 2 }}
objectSelector:
  matchExpressions:
  - key: outrigger.dev/inject
    operator: In
    values: [enabled]
  {{- include "outrigger.objects" . | nindent 2 }}
{{- end }}

{{/* Resources of a container; an empty cpu limit is none. */}}
{{- define "outrigger.containerResources" -}}
requests:
  {{- toYaml .requests | nindent 2 }}
limits:
  {{- toYaml (ternary (omit .limits "cpu") .limits (empty .limits.cpu)) | nindent 2 }}
{{- end }}
