"""The main job in one command: a city from its departments' deliveries to a case without paper.

Runs the same rooms as any hub, on synthetic people, with keys that announce themselves. Refused
where ``environment`` is ``production``.
"""
