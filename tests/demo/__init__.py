"""`make demo`: the main job on loopback, with facts planted in the traffic and looked for in the answers."""
