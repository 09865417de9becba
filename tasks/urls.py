"""Addresses of tasks, processes, workflows, products and subscriptions."""

from django.urls import path

from tasks.views import catalogue, process, processes, tasks

app_name = "tasks"
urlpatterns = [
    path("tasks/", tasks.tasks, name="list"),
    path("tasks/<str:name>/", tasks.task, name="detail"),
    path("tasks/<str:name>/run/", tasks.run, name="run"),
    path("processes/", processes.processes, name="processes"),
    path("processes/bulk/", processes.bulk, name="bulk"),
    path("processes/export/", processes.export, name="export"),
    path("processes/<uuid:process_id>/", process.process, name="process"),
    path("processes/<uuid:process_id>/resume/", process.resume, name="resume"),
    path("processes/<uuid:process_id>/note/", process.note, name="note"),
    path("processes/<uuid:process_id>/<slug:action>/", process.act, name="act"),
    path("workflows/", catalogue.workflows, name="workflows"),
    path("workflows/<str:name>/", catalogue.workflow, name="workflow"),
    path("products/", catalogue.products, name="products"),
    path("products/<uuid:pk>/", catalogue.product, name="product"),
    path("subscriptions/", catalogue.subscriptions, name="subscriptions"),
    path("subscriptions/<uuid:pk>/", catalogue.subscription, name="subscription"),
]
