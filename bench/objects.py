"""Plain YAML of any size: applications of five objects each, sound ones, all in one namespace."""

APPLICATION = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  namespace: bench
  labels: {{app.kubernetes.io/name: app-{n}}}
spec:
  replicas: 3
  selector:
    matchLabels: {{app.kubernetes.io/name: app-{n}}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: app-{n}}}
    spec:
      serviceAccountName: app
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, runAsUser: 10001, seccompProfile: {{type: RuntimeDefault}}}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{app.kubernetes.io/name: app-{n}}}
      containers:
        - name: app
          image: registry.example.com/bench/app-{n}:1.{n}.0
          envFrom:
            - configMapRef: {{name: app-{n}}}
          ports:
            - {{name: http, containerPort: 8000}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: 200m, memory: 256Mi}}
          livenessProbe:
            httpGet: {{path: /health/live, port: http}}
          readinessProbe:
            httpGet: {{path: /health/ready, port: http}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata:
  name: app-{n}
  namespace: bench
  labels: {{app.kubernetes.io/name: app-{n}}}
spec:
  selector: {{app.kubernetes.io/name: app-{n}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: app-{n}
  namespace: bench
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{app.kubernetes.io/name: app-{n}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: app-{n}
  namespace: bench
spec:
  podSelector:
    matchLabels: {{app.kubernetes.io/name: app-{n}}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {{app.kubernetes.io/name: app-{caller}}}
      ports:
        - {{protocol: TCP, port: 8000}}
  egress:
    - to:
        - podSelector:
            matchLabels: {{app.kubernetes.io/name: app-{called}}}
      ports:
        - {{protocol: TCP, port: 8000}}
    - to:
        - namespaceSelector:
            matchLabels: {{kubernetes.io/metadata.name: kube-system}}
          podSelector:
            matchLabels: {{k8s-app: kube-dns}}
      ports:
        - {{protocol: UDP, port: 53}}
        - {{protocol: TCP, port: 53}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app-{n}
  namespace: bench
data:
  LOG_LEVEL: info
  UPSTREAM: http://app-{called}.bench.svc:80
"""


SHARED = """\
apiVersion: v1
kind: Namespace
metadata:
  name: bench
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: bench}
automountServiceAccountToken: false
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: bench}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
"""


def manifests(objects: int) -> str:
    """`objects` objects, to the next multiple of five, and the three that they share."""
    count = -(-objects // 5)
    return SHARED + "---\n".join(
        APPLICATION.format(n=n, caller=(n - 1) % count, called=(n + 1) % count) for n in range(count)
    )
