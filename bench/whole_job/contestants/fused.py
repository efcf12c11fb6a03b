"""The limit: one loop, one process, no hops. Reads the two inputs and writes views; nothing in between is ever a
message. It cannot be divided over workers."""

from __future__ import annotations

from bench.whole_job.contestants import told
from bench.whole_job.contestants.handwritten import Sender, lists
from bench.whole_job.plain import Assemble, Resolve, Route
from hub.events.topics import COMPOSITIONS, RECORDS, VIEWS


def main() -> None:
    """Run until it is killed."""
    sender = Sender(told().broker)
    resolve, route, assemble = Resolve(), Route(), Assemble()
    for messages in lists(told(), (COMPOSITIONS, RECORDS)):
        for message in messages:
            if message.topic() == COMPOSITIONS:
                resolve.take(message.offset(), message.value())
            else:
                route.register(message.key(), message.value())
        for ref, assigned in resolve.assignments().items():
            route.assign(ref.key, assigned)
        for household, composition in resolve.compositions().items():
            assemble.compose(household, composition)
        for household, entries in route.puts().items():
            assemble.put(household, entries)
        for household, view in assemble.views().items():
            sender.send(VIEWS, household.encode(), view)
        sender.poll()


if __name__ == "__main__":
    main()
