"""The two-stage mechanism for decentralized task coordination (Gudmundsson, Hougaard and Platz)."""
