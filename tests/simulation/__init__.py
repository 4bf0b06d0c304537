"""A simulation of the whole exchange: the real code, one seed, faults between any two steps.

One operating-system process plays a cluster: web processes, engine processes, the network between them, a
database, clients, and everything that goes wrong with them. What is real: engine loop, engine host, gateway,
hub, both sockets, publisher, store, on a real SQLite file; the clients' own books and feeds. What is played
is what surrounds them: time, chance, threads, the channel layer, the lock service, the wire to clients.

Rules:
- All chance comes from one seeded generator, all time from the loop's own clock: the same seed gives the same
  trace, event by event. `python -m tests.simulation --seed N --steps M` replays a run.
- A fault is something that happens to real processes. Whatever the code promises must hold all the same.
- When the faults have ended the exchange is given time to heal; then everything is checked.
"""
