{{- define "seawall.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "seawall.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "seawall.labels" -}}
{{ include "seawall.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "seawall.config" -}}
{{- $config := .Values.config | default (.Files.Get "example.yaml" | fromYaml) | deepCopy -}}
{{- $_ := set $config "http" (set ($config.http | default dict) "listen" (printf "0.0.0.0:%v" .Values.port)) -}}
{{- $_ := set $config "state_dir" "/var/lib/seawall" -}}
{{- toYaml $config }}
{{- end }}

{{- /* For an annotation of the pod: a changed configuration then starts a new one. */ -}}
{{- define "seawall.checksum" -}}
{{- include "seawall.config" . | sha256sum }}
{{- end }}

{{- /* Whether the chart makes a pod itself; else that of another chart includes the sidecar. */ -}}
{{- define "seawall.makesPod" -}}
{{- if or (eq .Values.shape "standalone") .Values.sidecar.containers }}yes{{ end }}
{{- end }}
