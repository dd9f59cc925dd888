"""Writes that may be sent again with the same key until they are acknowledged (H8)."""

import asyncio
from dataclasses import dataclass

from tests.faults.load import REST, Answer, Client, Json

SETTLED_SECONDS = 60  # a write may meet several kills in a row


@dataclass(frozen=True)
class Write:
    """A request with an Idempotency-Key."""

    key: str
    method: str
    path: str
    body: Json

    async def sent(self, client: Client) -> Answer:
        """What comes of sending it once."""
        return await client.call(self.method, self.path, self.body, {"Idempotency-Key": self.key})

    async def settled(self, *clients: Client) -> Answer:
        """The acknowledgement, for which it is sent again and again, to each client in turn, but not for ever."""
        async with asyncio.timeout(SETTLED_SECONDS):
            while True:
                for client in clients:
                    answer = await self.sent(client)
                    if answer.done:
                        return answer
                    await asyncio.sleep(REST)

    async def is_replayed(self, client: Client, answer: Answer) -> bool:
        """Whether sending it once more gives the same answer, marked as such."""
        again = await self.sent(client)
        return again.replayed and (again.status, again.body) == (answer.status, answer.body)
