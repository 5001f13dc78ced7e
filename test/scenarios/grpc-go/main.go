// The order service and a client of it on grpc-go, for the scenario "gRPC, four shapes": `peer SCHEMA server` and
// `peer SCHEMA client ADDRESS`. Both do as they are told, in the words of ../grpc/spec.ts, and judge nothing.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "Usage: peer SCHEMA server | peer SCHEMA client ADDRESS")
		os.Exit(2)
	}
	schema, err := readSchema(os.Args[1])
	if err == nil && os.Args[2] == "server" {
		err = serve(schema)
	} else if err == nil {
		err = ask(schema, os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var telling sync.Mutex

// tell says one JSON object, on a line of its own, to whoever started this process.
func tell(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	telling.Lock()
	defer telling.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// wallMs is milliseconds since 1970 with fractions: the one clock that processes have in common.
func wallMs() float64 {
	return float64(time.Now().UnixMicro()) / 1000
}

// dieWithParent ends the process when nobody holds its standard input any more.
func dieWithParent() {
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
