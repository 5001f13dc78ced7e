package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// spec is one call to make.
type spec struct {
	ID       string `json:"id"`
	Method   string `json:"method"`
	To       string `json:"to"`
	Metadata fields `json:"metadata"`
	Send     int    `json:"send"`
	Size     int    `json:"size"`
	Turns    bool   `json:"turns"`
	EndAfter int    `json:"endAfter"`
	Deadline int    `json:"deadline"`
	Cancel   int    `json:"cancel"`
	Pause    int    `json:"pause"`
}

// result is what came of it.
type result struct {
	counted
	ID          string  `json:"id"`
	Code        int     `json:"code"`
	Details     string  `json:"details"`
	Head        fields  `json:"head"`
	Trailers    fields  `json:"trailers"`
	Ms          float64 `json:"ms"`
	CancelledAt float64 `json:"cancelledAt"`
}

// client has a channel of its own for each service: the name is the channel's authority.
type client struct {
	schema  *schema
	address string
	mutex   sync.Mutex
	open    map[string]*grpc.ClientConn
}

func ask(s *schema, address string) error {
	c := &client{schema: s, address: address, open: map[string]*grpc.ClientConn{}}
	tell(map[string]string{"event": "ready"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, mib)
	for lines.Scan() {
		var each spec
		if err := json.Unmarshal(lines.Bytes(), &each); err != nil {
			return err
		}
		go c.make(each)
	}
	return lines.Err()
}

func (c *client) channel(to string) (*grpc.ClientConn, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if open, ok := c.open[to]; ok {
		return open, nil
	}
	open, err := grpc.NewClient("passthrough:///"+c.address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority(to),
		// What is retried, the sidecar retries.
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err == nil {
		c.open[to] = open
	}
	return open, err
}

func (c *client) make(each spec) {
	start := wallMs()
	got := result{counted: counted{Ordered: true}, ID: each.ID}
	err := c.call(each, &got)
	said := status.Convert(err)
	got.Code, got.Details, got.Ms = int(said.Code()), said.Message(), wallMs()-start
	tell(got)
}

func (c *client) call(each spec, got *result) error {
	channel, err := c.channel(each.To)
	if err != nil {
		return err
	}
	md, err := toMetadata(each.Metadata)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(context.Background(), md))
	defer cancel()
	if each.Deadline > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(each.Deadline)*time.Millisecond)
		defer cancel()
	}
	if each.Cancel > 0 {
		time.AfterFunc(time.Duration(each.Cancel)*time.Millisecond, func() {
			got.CancelledAt = wallMs()
			cancel()
		})
	}
	path := "/order.OrderService/" + each.Method
	switch each.Method {
	case "GetUserOrders", "BatchCreateOrders", "SyncOrders":
		return c.stream(ctx, channel, path, each, got)
	default:
		return c.unary(ctx, channel, path, each, got)
	}
}

func (c *client) unary(ctx context.Context, channel *grpc.ClientConn, path string, each spec, got *result) error {
	var head, trailers metadata.MD
	answer := c.schema.empty()
	err := channel.Invoke(ctx, path, c.schema.make(0, make([]byte, each.Size)), answer, grpc.Header(&head), grpc.Trailer(&trailers))
	got.Head, got.Trailers = toFields(head), toFields(trailers)
	if err == nil {
		got.add(c.schema, answer)
	}
	return err
}

func (c *client) stream(ctx context.Context, channel *grpc.ClientConn, path string, each spec, got *result) error {
	description := &grpc.StreamDesc{
		ServerStreams: each.Method != "BatchCreateOrders",
		ClientStreams: each.Method != "GetUserOrders",
	}
	stream, err := channel.NewStream(ctx, description, path)
	if err != nil {
		return err
	}
	answers := make(chan struct{}, each.Send)
	go c.write(stream, each, answers)
	err = c.read(stream, description.ServerStreams, each, got, answers)
	head, _ := stream.Header()
	got.Head, got.Trailers = toFields(head), toFields(stream.Trailer())
	return err
}

// write sends all there is; by turns, each when the answer to the last has come.
func (c *client) write(stream grpc.ClientStream, each spec, answers <-chan struct{}) {
	lines := make([]byte, each.Size)
	for number := range each.Send {
		if stream.SendMsg(c.schema.make(number, lines)) != nil {
			return
		}
		if each.Turns {
			select {
			case <-answers:
			case <-stream.Context().Done():
				return
			}
		}
	}
	if each.EndAfter == 0 {
		stream.CloseSend()
	}
}

func (c *client) read(stream grpc.ClientStream, several bool, each spec, got *result, answers chan<- struct{}) error {
	slow := newSlowly(each.Pause)
	for {
		answer := c.schema.empty()
		err := stream.RecvMsg(answer)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		got.add(c.schema, answer)
		slow.at(got.Bytes)
		if each.Turns {
			answers <- struct{}{}
		}
		if got.Received == each.EndAfter {
			stream.CloseSend()
		}
		if !several {
			return nil
		}
	}
}
