"""Contour 1.33.6 with Envoy 1.40, as it answered some 9,500 questions over 700 sets of routes on a real API server."""

from aichaos.predict.routing.profile import HEADER_FILTERS, STANDARD_FILTERS, Deviation, Profile


def _row(name: str, says: str, *switches: str) -> Deviation:
    return Deviation(name=f"contour/{name}", switches=switches, says=says)


_ORDER = ("method", "headers", "query", "rule", "header terms", "query terms", "age", "name", "match")

CONTOUR = Profile(
    name="contour",
    controllers=("projectcontour.io/gateway-controller",),
    measured=True,
    scope="port",
    precedence_host="shared",
    fallback=False,
    parent_namespace="any",
    wider_wildcards_meet=False,
    isolation="across-ports",
    kinds_on_a_host="both",
    exclusions=("taken-matches",),
    statuses="contour",
    empty_rule="absent",
    calls="service and method",
    invalid_regex="match",
    no_matches="nothing",
    poisons=("empty-selector", "host-removed"),
    protocols=("kubernetes.io/h2c", "kubernetes.io/ws", "http", "https"),
    filters=STANDARD_FILTERS - {"CORS", "ExternalAuth"},
    backend_filters=HEADER_FILTERS,
    unknown_filter="ignored",
    mirrored="all",
    redirect_query=False,
    path_ranks=("Exact", "RegularExpression", "PathPrefix"),
    order=("length", *_ORDER),
    regex_order=("length", "text backwards", *_ORDER),
    same_match="calls replace pages",
    coins=("pairwise",),
    normalise=("backslashes", "unreserved", "unsafe", "dots", "slashes"),
    refused=("spelling",),
    repeated_header="each",
    forwarded="own",
    tls_names="routes",
    invalid_share="left-out",
    filter_order="backend-first",
    response_filters=("backend", "503"),
    header_values="variables",
    rewrite_prefix="contour",
    redirect_prefix="contour",
    rewrite_full="substitution",
    header_names="letters, digits and -",
    redirect_port="contour",
    unrouted_port="refused",
    deviations=(
        _row(
            "taken-match-drops-rule",
            "Contour drops a whole rule, on all hostnames of its route, when one of its matches is taken by an older route or "
            "an earlier rule; by the standard only the match itself loses.",
            "exclusions",
        ),
        _row(
            "conflicts-are-told",
            "Contour writes Accepted=False/RuleMatchConflict where all rules of a route meet a match that is there already, and "
            "PartiallyInvalid where some do, even if it is their own on another listener and they serve; by the standard the "
            "loser is Accepted.",
            "statuses",
        ),
        _row(
            "rule-before-age",
            "Between matches of equal path, method and number of conditions Contour takes the lower rule index, then compares "
            "the conditions as they are written, before the age of the routes; by the standard the older route wins. A prefix "
            "written with a slash at its end counts as longer.",
            "order",
        ),
        _row(
            "conditions-by-chance",
            "Where a comparison of conditions place by place contradicts itself, the winner in Contour is a matter of chance, "
            "anew with every change; by the standard the older route wins.",
            "coins",
        ),
        _row(
            "calls-by-service-and-method",
            "Contour has only exact matches of gRPC calls that name both the service and the method; any other match is lost, and "
            "makes the route Accepted=False, though the rest of it serves. By the standard a service or a method alone will do.",
            "calls",
        ),
        _row(
            "redirects-ignore-query",
            "Contour ignores the query conditions of a rule that redirects; by the standard all conditions of a match must hold.",
            "redirect_query",
        ),
        _row(
            "invalid-share-left-out",
            "Contour leaves invalid backendRefs out of the split; by the standard their share is answered with 500.",
            "invalid_share",
        ),
        _row(
            "empty-rule-absent",
            "Contour does not program a rule without backendRefs: 404, or the next match; others answer 500.",
            "empty_rule",
        ),
        _row(
            "parent-namespace",
            "For Contour a parentRef without namespace means its own Gateway; by the standard the namespace of the route.",
            "parent_namespace",
        ),
        _row(
            "wider-wildcard",
            "For Contour the listener hostname *.example.com and the route hostname *.com have nothing in common; by the "
            "standard they have.",
            "wider_wildcards_meet",
        ),
        _row(
            "isolation-across-ports",
            "A hostname that another listener covers, on any port, is taken away from a route that this listener does not "
            "take; by the standard listeners of other ports have no influence.",
            "isolation",
        ),
        _row(
            "full-path",
            "In a ReplaceFullPath of a rewrite backslashes have a meaning: \\0 is the old path, and behind one before a letter "
            "nothing more comes; by the standard a backslash is a backslash.",
            "rewrite_full",
        ),
        _row(
            "header-names",
            "A header filter sets, adds and removes no header whose name has anything but letters, digits and -, and the route gets "
            "ResolvedRefs=False/Degraded; by the standard any name of HTTP will do.",
            "header_names",
        ),
        _row(
            "prefix-replacement",
            "Contour puts the replacement of a prefix together as text: `/xyz/` gives `/xyz//bar`, prefix `/` with `/new` gives `/newx`.",
            "rewrite_prefix",
            "redirect_prefix",
        ),
        _row(
            "redirect-port",
            "A redirect of Contour without port keeps the port of the Host header, and writes out 80 and 443; by the standard "
            "the port is that of the scheme, else the listener's.",
            "redirect_port",
        ),
        _row(
            "own-answers-unfiltered",
            "ResponseHeaderModifier has no effect on a redirect, nor on the 500 of a rule without a valid backend; it has on a "
            "503. By the standard the filters of a rule act on whatever it answers.",
            "response_filters",
        ),
        _row(
            "header-variables",
            "In header values of filters Contour's Envoy fills in %REQ(x)% and other variables; by the standard a value is literal.",
            "header_values",
        ),
        _row(
            "kinds-on-a-host",
            "HTTPRoutes and GRPCRoutes of one host serve beside each other; of two equal matches that of the GRPCRoute stays, whatever the "
            "ages. By the standard the younger kind is refused.",
            "kinds_on_a_host",
            "same_match",
        ),
        _row(
            "no-matches",
            "A rule whose list of matches is there and empty takes nothing; by the standard it takes everything.",
            "no_matches",
        ),
        _row(
            "protocols",
            "A backend whose port has an appProtocol other than http, https, kubernetes.io/h2c or kubernetes.io/ws is invalid "
            "(UnsupportedProtocol); by the standard it serves.",
            "protocols",
        ),
        _row(
            "unknown-filters",
            "Filters that Contour does not have, and those of backends but for changes of headers, are passed over, and the route says "
            "Accepted=False/UnsupportedValue though it serves; by the standard they are never skipped.",
            "filters",
            "backend_filters",
            "unknown_filter",
        ),
        _row(
            "host-removed",
            "A filter that removes Host makes Envoy refuse the whole port: what runs keeps its last table, what starts answers 404. "
            "All statuses stay True.",
            "poisons",
        ),
        _row(
            "all-is-mirrored",
            "A RequestMirror copies every request, whatever share it names.",
            "mirrored",
        ),
        _row(
            "empty-selector-panic",
            "A listener with `from: Selector` and an empty selector makes Contour panic: what runs keeps its last table, what "
            "starts has none.",
            "poisons",
        ),
        _row(
            "no-fallback",
            "Contour looks at the most specific hostname alone; by a plain reading of the standard a wider hostname is tried "
            "when no match fits.",
            "fallback",
            "scope",
            "precedence_host",
        ),
        _row(
            "regex-rank",
            "Contour tries regular expressions before prefixes, the longest text first.",
            "path_ranks",
            "regex_order",
        ),
        _row(
            "invalid-regex",
            "An invalid regular expression costs Contour that match alone; others drop the rule.",
            "invalid_regex",
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
            "request-spelling",
            "Methods in lower case, and `#` or letters beyond ASCII in the target, are answered with 400.",
            "refused",
        ),
        _row(
            "tls-names",
            "The name of a TLS handshake chooses among the hosts of routes: one that no route has ends it, and a Host header of "
            "another host is answered with 421; by the standard listeners are chosen, and an unknown host is answered with 404.",
            "tls_names",
        ),
        _row(
            "filter-order",
            "The filters of a backend come before those of the rule.",
            "filter_order",
        ),
        _row(
            "unrouted-port-closed",
            "A port without any programmed route is not opened: the connection is refused.",
            "unrouted_port",
        ),
    ),
)
