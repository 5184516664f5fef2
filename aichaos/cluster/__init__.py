"""The wire: how the cluster is found, how we log in, and how lists become Structs.

The only room that imports the official `kubernetes` client, and only for kubeconfig, credentials and transport, never for its
models. It is imported inside functions: it costs a fifth of a second, which `aichaos --help` should not pay.

    kubeconfig    which cluster and whose credentials, as kubectl would choose; no network, nothing heavy
    credentials   what the official client makes of them: tokens, certificates, plugins
    connection    the logged-in transport, and logging in again
    troubles      what can go wrong on the way, in our words
    reader        GET, and nothing else
"""
