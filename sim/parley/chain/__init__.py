"""Compiler, backends, accounts, deployment and ABI coding; for any mechanism.

`compiler` turns sources into artifacts. `evm` is the interface of the backends `revm` (fast), `tester`
(py-evm through web3), `pyevm` (py-evm alone) and `node`. `deploy` creates contracts on any of them. `abi` and
`codec` code calls and decode results.
"""
