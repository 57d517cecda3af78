"""The doors of ml-connector: every route, queue and schedule, one call in each body."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, Rate, Response

from chalicelib import registry, wiring
from chalicelib.entry import api, calls, hooks, jobs, oauth_pages, routes
from chalicelib.settings import settings

app = Chalice(app_name="mlc")
here = settings()


@app.middleware("all")
def measured(event: Any, handle: Any) -> Any:
    return wiring.measured(lambda: handle(event))


def door(serve: Any) -> Any:
    def answer(**params: str) -> Response:
        parts: Any = serve(wiring.engine(), app.current_request, params)
        return Response(**parts)

    return answer


callers = [(calls.server(system), (calls.route(path),)) for system, path in registry.CALLERS.items()]
doors = ((api.answer, routes.ROUTES), (oauth_pages.answer, oauth_pages.ROUTES), (hooks.answer, hooks.ROUTES))
for serve, served in (*doors, *callers):
    for route in served:
        register = app.route(
            route.path, methods=list(route.methods), name=route.name, content_types=route.content_types
        )
        register(door(serve))


@app.on_sqs_message(queue=here.queue_name("poll"), batch_size=1, name="poll")
def poll(event: Any) -> None:
    jobs.poll_steps(wiring.engine(), "poll", jobs.messages(event.to_dict()))


@app.on_sqs_message(queue=here.queue_name("jobs"), batch_size=1, name="jobs")
def job(event: Any) -> None:
    jobs.jobs(wiring.engine(), "jobs", jobs.messages(event.to_dict()))


def writer(system: str) -> Any:
    def write(event: Any) -> None:
        jobs.write(wiring.engine(), f"writer-{system}", jobs.messages(event.to_dict()))

    write.__name__ = f"writer_{system}"  # Chalice finds a handler by the module attribute of this name
    queue = here.queue_name(f"writer-{system}")
    return app.on_sqs_message(queue=queue, batch_size=10, maximum_concurrency=5, name=write.__name__)(write)


globals().update({f"writer_{system}": writer(system) for system in registry.TARGETS})


@app.schedule(Rate(1, unit=Rate.MINUTES), name="tick")
def tick(event: Any) -> None:
    jobs.tick(wiring.engine())
