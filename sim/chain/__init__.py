"""The chain: compiling contracts, running them in an EVM, accounts, deployment and coded calls.

Nothing here knows a mechanism. `compiler` turns sources into artifacts, `evm` is the seam behind which two
machines stand (`revm`, in-process and fast; `tester`, py-evm, the reference), `deploy` puts artifacts on
either, `abi` codes what they are told and decodes what they say.
"""
