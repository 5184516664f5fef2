"""Istio (main of 2026-08-27), as its own translator and Envoy 1.40 answered 9,360 questions over 694 sets of routes; mesh defaults."""

from aichaos.predict.routing.profile import HEADER_FILTERS, Deviation, Profile


def _row(name: str, says: str, *switches: str) -> Deviation:
    return Deviation(name=f"istio/{name}", switches=switches, says=says)


ISTIO = Profile(
    name="istio",
    controllers=("istio.io/gateway-controller",),
    measured=True,
    scope="port",
    precedence_host="shared",
    fallback=False,
    isolation="port",
    twin_listeners="first",
    service_ports="apart",
    statuses="istio",
    backend_filters=HEADER_FILTERS,
    unknown_filter="no route",
    poisons=("invalid-regex", "percent"),
    kinds_on_a_host="both",
    calls="any call last",
    unnamed_call=("[^/]+", ".+"),
    invalid_regex="match",  # where it is not handed to Envoy, the rest of its rule is
    repeated_condition="all",
    path_ranks=("Exact", "PathPrefix", "RegularExpression"),
    order=("service prefix", "method", "headers", "query", "age", "namespace, name~", "rule", "match"),
    regex_order=("length", "method", "headers", "query", "age", "namespace, name~", "rule", "match"),
    root_hides_regexes=True,
    blocks="hostnames, oldest first",
    normalise=("backslashes", "unreserved", "unsafe", "dots"),
    refused=("spelling",),
    repeated_header="each",
    forwarded="own",
    filter_order="backend-first in splits",
    header_values="format",
    rewrite_prefix="istio rewrite",
    redirect_prefix="istio redirect",
    rewrite_full="kept or substitution",
    redirect_full="kept",
    redirect_port="istio",
    deviations=(
        _row(
            "bad-route-freezes-port",
            "An invalid regular expression, or a header value with a single % or an unknown variable, is handed to Envoy, "
            "which refuses the routes of the whole port: what runs keeps its last table, what starts answers 404. All "
            "statuses stay True.",
            "poisons",
            "invalid_regex",
        ),
        _row(
            "header-variables",
            "In header values of filters Envoy fills in %REQ(x)%, and %% is %; by the standard a value is literal.",
            "header_values",
        ),
        _row(
            "name-tie",
            "Of routes of the same second Istio compares the namespace, then the name with a ~ behind it: r-1 comes before r; "
            "by the standard the first name in the alphabet wins.",
            "order",
            "regex_order",
        ),
        _row(
            "hostnames-in-blocks",
            "Different hostnames of routes that end on the same host of a listener are not merged: the rules of the older "
            "come first, whatever their paths; by the standard the most specific match wins.",
            "blocks",
        ),
        _row(
            "isolation-hole",
            "A wider hostname of a less specific listener serves another listener's hosts as long as no route there has them, and "
            "listeners of the Gateway and of each ListenerSet know nothing of each other; by the standard only the most specific "
            "listener serves a host.",
            "isolation",
            "scope",
            "fallback",
            "precedence_host",
        ),
        _row(
            "repeated-condition",
            "Of two conditions on one header both must hold; by the standard the first counts.",
            "repeated_condition",
        ),
        _row(
            "prefix-replacement",
            "A replacement with a slash at its end gives a double slash in redirects, an empty one is not applied there, and "
            "prefix / with /new gives /newx.",
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
            "redirect-port",
            "A redirect keeps the port of the Host header where the listener's is 80 or a scheme is given.",
            "redirect_port",
        ),
        _row(
            "kinds-on-a-host",
            "HTTPRoutes and GRPCRoutes of one host serve beside each other, their matches in one order; by the standard the younger "
            "kind is refused.",
            "kinds_on_a_host",
        ),
        _row(
            "any-call-last",
            "A match of any gRPC call comes after every path, regular expressions too, and a service without its method is a prefix that "
            "is longer by a slash; by the standard an HTTPRoute's path and a call are never compared.",
            "calls",
            "unnamed_call",
        ),
        _row(
            "root-hides-regexes",
            "A bare prefix / makes every regular expression under the same hostname dead.",
            "root_hides_regexes",
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
            "Envoy resolves dots, decodes letters and escapes what is no letter of a path before it matches; it does not merge slashes.",
            "normalise",
        ),
        _row(
            "request-spelling",
            "Methods in lower case, and `#` or letters beyond ASCII in the target, are answered with 400.",
            "refused",
        ),
        _row(
            "filter-order",
            "Where several backends share the requests, the filters of a backend come before those of the rule; else they change headers "
            "at once: what either removes, then what the rule and then the backend sets, then what they add.",
            "filter_order",
        ),
        _row(
            "service-ports",
            "Routes whose parent is a Service and that name a port of it, and those that name none, are two tables: only that with the "
            "oldest route serves. By the standard they are one.",
            "service_ports",
        ),
        _row(
            "unknown-filters",
            "A filter that Istio does not have, or one of a backend that does not change headers, and nothing of its route is served; by "
            "the standard its rule, or the share of its backend, is an error, and a filter of a backend acts.",
            "backend_filters",
            "unknown_filter",
        ),
        _row(
            "one-reason-is-told",
            "ResolvedRefs has the reason of the last bad reference, or InvalidFilter; a port that a Service does not have, and a backend "
            "without a weight, are no faults. Accepted says the best of what the listeners say, and nothing of a hostname that "
            "another listener takes away. By the standard the first fault is told, and a route without a host is not accepted.",
            "statuses",
        ),
        _row(
            "twin-listeners",
            "Of two listeners with the same port and hostname the first serves; by the standard none.",
            "twin_listeners",
        ),
    ),
    notes=(
        "The loser of a conflict stays Accepted=True and is counted in attachedRoutes.",
        "ResponseHeaderModifier works on redirects, on 500 and on 503 too.",
    ),
)
