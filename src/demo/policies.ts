/** Made by scripts/generate/demo-policies.ts from policies/avalanche.yaml. */

export const avalanchePolicy = `# The avalanche: one slow dependency must not take down everything beside it.
#
#   clients → order (200 request slots) → inventory
#
# Inventory starts to take 20 s per call. Without a limit every POST holds one of order's slots for 20 s; four seconds
# later all 200 are gone, and even a GET that never asks inventory waits behind them. Three blocks, each for one thing:
#   timeout    gives a slot back after 1 s: nobody waits longer than a customer would.
#   bulkhead   never lets inventory have more than 20 of the 200 slots: the other 180 belong to the rest of the house.
#   breaker    stops asking whom we know to be down: refused in a few ms, and inventory is left in peace to recover.
#
# Try it:  npm start                        (this file, live)
#          npm run scenario -- avalanche    (the whole table, with and without)
kind: Service
name: inventory                      # the order service calls http://inventory/…
endpoints:
- 127.0.0.1:8081                     # put the addresses of your own here
---
kind: Policy
name: inventory-avalanche
match: {direction: outbound, service: inventory}

timeout:
  request: 1s                        # all of it: waiting, attempts, the whole answer. Normal calls take 5 ms

bulkhead:
  maxConcurrent: 20                  # 50 calls/s × 5 ms need 0.25 slots; 20 is plenty, and a tenth of what order has
                                     # maxQueue is 0: waiting for a place would hold the slot all the same

breaker:
  scope: service                     # one state for inventory as a whole, whatever the route or the endpoint
  window: {type: count, size: 20, minimumCalls: 10}   # judged by the last 20 calls, as soon as there are 10
  failureRate: 50%                   # 10 failures among 20: open, about 0.2 s after the first timeout
  open: {base: 5s, max: 5s, jitter: 10%}   # asks again every 5 s; max = base, for doubling would reopen too late
  halfOpen: {probes: 1}              # with one single call, and only that call can be lost
`
