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
{{- $_ := set $config "http" (set ($config.http | default dict) "listen" "0.0.0.0:9464") -}}
{{- $_ := set $config "state_dir" "/var/lib/seawall" -}}
{{- toYaml $config }}
{{- end }}
