"""Envoy Gateway 1.9.1, as its own translator and Envoy 1.40 answered 9,256 questions over 694 sets of routes."""

from aichaos.predict.routing.profile import HEADER_FILTERS, Deviation, Profile


def _row(name: str, says: str, *switches: str) -> Deviation:
    return Deviation(name=f"envoy-gateway/{name}", switches=switches, says=says)


_ORDER = ("length", "method as header", "exact headers", "query", "exact query", "http first", "age", "namespace, name", "rule", "match")

ENVOY_GATEWAY = Profile(
    name="envoy-gateway",
    controllers=("gateway.envoyproxy.io/gatewayclass-controller",),
    measured=True,
    extensions=("gateway.envoyproxy.io/HTTPRouteFilter",),
    scope="port",
    precedence_host="shared",
    fallback=False,
    isolation="equal-names",
    kinds_on_a_host="both",
    calls="method as header",
    unnamed_call=(r"(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*", "[A-Za-z_][A-Za-z_0-9]*"),
    statuses="envoy-gateway",
    poisons=("same-domain-twice", "percent"),
    repeated_condition="all",
    path_ranks=("Exact", "RegularExpression", "PathPrefix"),
    order=_ORDER,
    regex_order=_ORDER,
    normalise=("backslashes", "unreserved", "unsafe", "dots", "slashes"),
    refused=("spelling", "underscore-headers", "escaped-slashes"),
    repeated_header="each",
    forwarded="own",
    failing_shares="alike",
    rule_cluster="one",
    unready="served",
    filter_order="backend-first",
    header_values="format",
    backend_filters=HEADER_FILTERS | {"URLRewrite of the host"},
    unusable_header="500",
    forwarded_host="the host before",
    broken_mirror="500",
    set_and_add="add",
    rewrite_prefix="envoy-gateway rewrite",
    redirect_prefix="envoy-gateway redirect",
    rewrite_full="kept or substitution",
    redirect_full="kept",
    redirect_port="envoy-gateway",
    deviations=(
        _row(
            "bad-route-freezes-port",
            "A hostname that routes have on two listeners of a port, none of which is named so, is written into the table twice, "
            "and a header value with a single % or an unknown variable is no format string: Envoy refuses the whole port. "
            "What runs keeps its last table, what starts answers 404. All statuses stay True.",
            "poisons",
        ),
        _row(
            "isolation-by-equal-name",
            "Only a listener with exactly the route's hostname takes it away from another; by the standard a more specific "
            "wildcard does too.",
            "isolation",
            "scope",
        ),
        _row(
            "order-of-conditions",
            "A prefix with a slash at its end is longer, a method counts as one header, and more exact conditions come before "
            "age; by the standard the method comes first, then the number of headers and of query conditions, then age. "
            "Names: namespace first.",
            "order",
            "regex_order",
        ),
        _row(
            "host-header",
            "A filter that sets, adds or removes Host, of a request or of an answer, makes the rule answer 500; so does a header value "
            "with anything but words of visible ASCII with one blank between two.",
            "unusable_header",
        ),
        _row(
            "forwarded-host",
            "Where a rule rewrites the host, the one before is added to X-Forwarded-Host, unless it is the last there already; a host that "
            "a backend's filter writes is not. By the standard the header stays as it was sent.",
            "forwarded_host",
        ),
        _row(
            "broken-mirror",
            "A RequestMirror to a missing or forbidden Service, or beside a redirect, makes the rule answer 500; by the standard "
            "nothing is mirrored.",
            "broken_mirror",
        ),
        _row(
            "reasons-are-listed",
            "All reasons are told in one, BackendNotFound,InvalidKind, and some have names of its own: PortNotFound, UnsupportedRefValue, "
            "InvalidBackendFilters. A rule that is dropped makes its route PartiallyInvalid, a Service without endpoints "
            "BackendsAvailable=False, and routes that ask the same of a request get RouteRulesOverlap=True. Of parentRefs that differ in "
            "their port alone one entry is written. By the standard there are Accepted and ResolvedRefs, each with one reason.",
            "statuses",
        ),
        _row(
            "refused-requests",
            "Paths with %2F or %5C are redirected (307) to the unescaped path, headers with an underscore and methods in "
            "lower case, letters beyond ASCII and `#` in the target are answered with 400, before any routing.",
            "refused",
        ),
        _row(
            "unready-served",
            "A Service all of whose endpoints are unready is served by them; by the standard the answer is 503.",
            "unready",
        ),
        _row(
            "one-cluster",
            "Where no backend of a rule fails or has filters of its own, all of them are one cluster: of the same Service named twice only "
            "the first weight counts, and what is ready takes the share of a Service that is not.",
            "rule_cluster",
        ),
        _row(
            "failing-shares",
            "In a split beside a backend that serves, invalid backendRefs are answered with 503 as soon as another Service has no "
            "endpoints; where none serves, a single invalid one makes it 500. By the standard each fails in its own way.",
            "failing_shares",
        ),
        _row(
            "repeated-condition",
            "Of two conditions on one header both must hold; by the standard the first counts.",
            "repeated_condition",
        ),
        _row(
            "header-variables",
            "In header values of filters Envoy fills in %REQ(x)%, and %% is %; by the standard a value is literal.",
            "header_values",
        ),
        _row(
            "kinds-on-a-host",
            "HTTPRoutes and GRPCRoutes of one host serve beside each other, HTTPRoutes first; by the standard the younger kind is refused.",
            "kinds_on_a_host",
        ),
        _row(
            "method-without-service",
            "A match of a gRPC method without its service takes every path that ends in it, as one more header at the prefix `/` does.",
            "calls",
            "unnamed_call",
        ),
        _row(
            "filters-of-backends",
            "A filter of a backend that neither changes headers nor the host alone makes its share answer 500.",
            "backend_filters",
        ),
        _row(
            "set-and-add",
            "Of `set` and `add` of one header in one filter only `add` acts; by the standard both.",
            "set_and_add",
        ),
        _row(
            "redirect-port",
            "A redirect to port 80 or 443 never names it, and without port the Host header's stays.",
            "redirect_port",
        ),
        _row(
            "prefix-replacement",
            "A replacement with a slash at its end gives a double slash in redirects, and prefix / with /new gives /newx.",
            "rewrite_prefix",
            "redirect_prefix",
        ),
        _row(
            "full-path",
            "An empty ReplaceFullPath is not applied, and in a rewrite backslashes have a meaning: \\0 is the old path, and behind one "
            "before a letter nothing more comes; by the standard an empty path is /, and a backslash is a backslash.",
            "rewrite_full",
            "redirect_full",
        ),
        _row(
            "no-fallback",
            "The most specific hostname alone is looked at; by a plain reading of the standard a wider one is tried when no match fits.",
            "fallback",
            "precedence_host",
        ),
        _row(
            "regex-rank",
            "Regular expressions come before prefixes, the longest text first.",
            "path_ranks",
        ),
        _row(
            "forwarded-headers",
            "Before it matches, Envoy writes the scheme of the connection into X-Forwarded-Proto, whatever was sent, and the address of "
            "the client behind X-Forwarded-For.",
            "forwarded",
        ),
        _row(
            "repeated-header",
            "A header sent twice is compared line by line, not as one joined value.",
            "repeated_header",
        ),
        _row(
            "path-normalisation",
            "Envoy resolves dots, merges slashes, decodes letters and escapes what is no letter of a path before it matches.",
            "normalise",
        ),
        _row(
            "filter-order",
            "The filters of a backend come before those of the rule.",
            "filter_order",
        ),
    ),
    notes=("The loser of a conflict stays Accepted=True, and both routes get RouteRulesOverlap=True.",),
)
