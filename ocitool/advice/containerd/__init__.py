"""What containerd does with an archive, as pure functions of its image graph.

`ctr` is one program that uses them; nerdctl, kind, k3s and docker's containerd store import with the same code.
"""
