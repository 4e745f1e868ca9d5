"""`heatproof app`: a page on 127.0.0.1 that explains pictures of the user's own.

`server` answers the browser, and `guard` lets nothing else in; `connections` and `uploads` wait for
nobody who sends slowly; `turns` does one thing at a time; `worker` is the process that has
TensorFlow loaded and computes, and `worker_process` the server's end of it.
"""
