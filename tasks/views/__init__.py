"""The pages of tasks, processes, workflows, products and subscriptions."""
