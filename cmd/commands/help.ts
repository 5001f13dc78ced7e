/** `outrigger help`. */
export function helpText(): string {
  return `outrigger: a sidecar proxy with timeout, retry, bulkhead and breaker policies

  outrigger run [--config PATH]… [--name N] [--app HOST:PORT] [--inbound HOST:PORT]
                [--outbound HOST:PORT] [--admin HOST:PORT] [--log-level error|warn|info|debug]
                [--page-paths] [--metrics-compatibility istio] [--lenient-start]
      the sidecar; a first argument that starts with '-' means run.
      Default config: /etc/outrigger/policy, where that exists. Port 0 takes any free port.
  outrigger validate PATH… [--format text|json|sarif] [--warnings-as-errors]
      what is wrong with policy files, each problem with file:line:column
  outrigger explain --config PATH (--url URL | --service S) [--method M] [--header "NAME: VALUE"]…
                    [--inbound [--port PORT]] [--name SIDECAR] [--format text|json]
      which policies a request meets, why, and what they come to
  outrigger simulate --config PATH (--model FILE | --trace FILE) [--compare PATH] [--seed N] [--format text|json]
      what clients and upstreams would have seen under these policies, without a single socket
  outrigger firewall plan|apply|remove [--inbound PORT] [--outbound PORT] [--proxy-uid UID] …
      the rules that lead a pod's connections to its sidecar; what stands in docs/interception.md
  outrigger injector [--config PATH] [--listen HOST:PORT] [--admin HOST:PORT] [--certificates self|files] …
      in a cluster: puts sidecars into pods and judges policy ConfigMaps before they are stored
  outrigger wait [--timeout DURATION] | drain | healthz      each with [--admin HOST:PORT]
      for hooks and probes beside a running sidecar: return when it has started; not ready any more, clients are
      sent away but still served; exit 0 if it lives
  outrigger inject [-f FILE|-]… [--set NAME=VALUE]… [--manual --config PATH]
  outrigger uninject [-f FILE|-]…
      manifests with the label that asks for a sidecar, or with the whole of it, and back
  outrigger top [--admin HOST:PORT] [--once]
      a running sidecar, live in a terminal; its page at http://ADMIN/ shows the same
  outrigger check [--pre] [--namespace NS] [--system-namespace NS] [-o short|json|junit]
      what is wrong in the cluster, each finding with a number and what to do about it
  outrigger diag [-n NS] [POD] [--output FILE.tar|FOLDER]
      configuration, state, metrics, logs and specs of meshed pods, secrets removed, in one archive to send along
  outrigger tap [--admin HOST:PORT] [--status 5xx] [--reason circuit_open|any] [--slower-than 1s] [--route PATTERN]
                [--service NAME] [--method M] [--direction inbound|outbound] [--limit N] [--json]
      the exchanges of a running sidecar as they end, one line each
  outrigger demo
      a sample service with its sidecar, traffic, and an outage, to watch
  outrigger version | help

Every flag of run, validate, explain and simulate has an environment variable: --log-level is OUTRIGGER_LOG_LEVEL.
`
}

export async function help(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    process.stderr.write('usage: outrigger help\n')
    return 2
  }
  process.stdout.write(helpText())
  return 0
}
