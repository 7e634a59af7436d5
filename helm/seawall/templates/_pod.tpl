{{- define "seawall.container" -}}
name: seawall
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.existingSecret }}
envFrom:
  - secretRef: {name: {{ . }}, optional: {{ eq $.Values.shape "sidecar" }}}
{{- end }}
ports:
  - {name: seawall, containerPort: {{ .Values.port }}}
livenessProbe:
  httpGet: {path: /healthz, port: {{ .Values.port }}}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
volumeMounts:
  - {name: seawall-config, mountPath: /etc/seawall, readOnly: true}
  - {name: seawall-state, mountPath: /var/lib/seawall}
  {{- if .Values.reference.volume }}
  - {name: seawall-reference, mountPath: /reference}
  {{- end }}
  {{- range $number, $name := .Values.secretFiles }}
  - {name: seawall-secret-{{ $number }}, mountPath: /run/secrets/{{ $name }}, readOnly: true}
  {{- end }}
{{- end }}

{{- /*
The native sidecar, an item of `initContainers`; put it last. Nothing in it may hold up the pod's own containers: it has
neither a startup nor a readiness probe, and a Secret that is missing is its own trouble.
*/ -}}
{{- define "seawall.sidecar" -}}
{{- if ne .Values.shape "sidecar" }}
{{- fail (printf "a pod that includes seawall.sidecar needs `shape: sidecar` in the values of %s" .Chart.Name) }}
{{- end -}}
- {{ include "seawall.container" . | indent 2 | trim }}
  restartPolicy: Always
{{- end }}

{{- /* Items of `volumes`: what the container mounts. */ -}}
{{- define "seawall.volumes" -}}
- name: seawall-config
  configMap: {name: {{ include "seawall.name" . }}}
- name: seawall-state
  {{- if or .Values.state.existingClaim .Values.state.size }}
  persistentVolumeClaim: {claimName: {{ .Values.state.existingClaim | default (include "seawall.name" .) }}}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- with .Values.reference.volume }}
- name: seawall-reference
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $number, $name := .Values.secretFiles }}
- name: seawall-secret-{{ $number }}
  secret: {secretName: {{ $name }}, optional: {{ eq $.Values.shape "sidecar" }}}
{{- end }}
{{- end }}
