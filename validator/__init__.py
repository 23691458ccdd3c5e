"""qt-validate: is this Kubernetes overlay fit for production, and if not, which line do I change?"""
