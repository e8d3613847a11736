"""The chain: compiling contracts, running them in an EVM, accounts, deployment and coded calls.

Nothing here knows a mechanism. `compiler` turns sources into artifacts; `evm` is the interface that `revm`
(fast), `tester` (py-evm through web3), `pyevm` (py-evm alone) and `node` implement; `deploy` puts artifacts
on any of them; `abi` encodes calls and decodes what comes back.
"""
