package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"
)

// orders is the order service.
type orders struct {
	schema   *schema
	mutex    sync.Mutex
	attempts map[string]int
}

func serve(s *schema) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	service := &orders{schema: s, attempts: map[string]int{}}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "order.OrderService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "CreateOrder", Handler: service.unary},
			{MethodName: "GetOrder", Handler: service.unary},
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "GetUserOrders", Handler: service.serverStream, ServerStreams: true},
			{StreamName: "BatchCreateOrders", Handler: service.clientStream, ClientStreams: true},
			{StreamName: "SyncOrders", Handler: service.bothStream, ServerStreams: true, ClientStreams: true},
		},
	}, service)
	go dieWithParent()
	tell(map[string]string{"event": "ready", "listen": listener.Addr().String()})
	return server.Serve(listener)
}

// does is what `x-do` tells of a call.
type does struct {
	Fail  int   `json:"fail"`
	Times *int  `json:"times"`
	Head  *bool `json:"head"`
	Hold  *int  `json:"hold"`
	Greet int   `json:"greet"`
	Size  *int  `json:"size"`
	Wait  bool  `json:"wait"`
	End   *int  `json:"end"`
	Pause int   `json:"pause"`
}

// arrival is one attempt that has come in.
type arrival struct {
	counted
	context context.Context
	id      string
	does    does
	echo    metadata.MD
	attempt int
}

func (o *orders) arrived(ctx context.Context, setTrailer func(metadata.MD)) *arrival {
	md, _ := metadata.FromIncomingContext(ctx)
	a := &arrival{counted: counted{Ordered: true}, context: ctx, echo: echoes(md)}
	if all := md.Get("x-call"); len(all) > 0 {
		a.id = all[0]
	}
	if all := md.Get("x-do"); len(all) > 0 {
		json.Unmarshal([]byte(all[0]), &a.does)
	}
	o.mutex.Lock()
	o.attempts[a.id]++
	a.attempt = o.attempts[a.id]
	o.mutex.Unlock()
	setTrailer(a.echo)
	a.tell("call", toFields(md))
	return a
}

func (a *arrival) tell(event string, all fields) {
	tell(struct {
		counted
		Event    string  `json:"event"`
		ID       string  `json:"id"`
		At       float64 `json:"at"`
		Metadata fields  `json:"metadata"`
	}{a.counted, event, a.id, wallMs(), all})
}

func (a *arrival) head(send func(metadata.MD) error) {
	if a.does.Head == nil || *a.does.Head {
		send(a.echo)
	}
}

// failure is the status this attempt is to end with, nil for OK.
func (a *arrival) failure() error {
	if a.does.Fail == 0 || (a.does.Times != nil && a.attempt > *a.does.Times) {
		return nil
	}
	return status.Error(codes.Code(a.does.Fail), "as told")
}

// held waits as long as it is told, or until the call is cancelled.
func (a *arrival) held() error {
	if a.does.Hold == nil {
		return nil
	}
	select {
	case <-time.After(time.Duration(*a.does.Hold) * time.Millisecond):
		return nil
	case <-a.context.Done():
		a.tell("cancelled", fields{})
		return status.FromContextError(a.context.Err()).Err()
	}
}

func (a *arrival) lines() []byte {
	size := 10
	if a.does.Size != nil {
		size = *a.does.Size
	}
	return make([]byte, size)
}

func (o *orders) unary(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	a := o.arrived(ctx, func(md metadata.MD) { grpc.SetTrailer(ctx, md) })
	order := o.schema.empty()
	if err := decode(order); err != nil {
		return nil, err
	}
	a.add(o.schema, order)
	a.head(func(md metadata.MD) error { return grpc.SendHeader(ctx, md) })
	if err := a.held(); err != nil {
		return nil, err
	}
	if err := a.failure(); err != nil {
		return nil, err
	}
	return order, nil
}

func (o *orders) serverStream(_ any, stream grpc.ServerStream) error {
	a := o.arrived(stream.Context(), stream.SetTrailer)
	if err := stream.RecvMsg(o.schema.empty()); err != nil {
		return err
	}
	a.head(stream.SendHeader)
	if err := o.greet(a, stream); err != nil {
		return err
	}
	if err := a.held(); err != nil {
		return err
	}
	return a.failure()
}

func (o *orders) greet(a *arrival, stream grpc.ServerStream) error {
	lines := a.lines()
	for number := range a.does.Greet {
		if err := stream.SendMsg(o.schema.make(number, lines)); err != nil {
			return err
		}
	}
	return nil
}

// read calls each for every message until the client has ended its side, or the call is to end.
func (o *orders) read(a *arrival, stream grpc.ServerStream, each func(*dynamicpb.Message) error) error {
	slow := newSlowly(a.does.Pause)
	for a.does.End == nil || a.Received < *a.does.End {
		order := o.schema.empty()
		err := stream.RecvMsg(order)
		if err == io.EOF {
			return a.held()
		}
		if err != nil {
			if a.does.Hold != nil {
				a.tell("cancelled", fields{})
			}
			return err
		}
		a.add(o.schema, order)
		slow.at(a.Bytes)
		if err := each(order); err != nil {
			return err
		}
	}
	return nil
}

func (o *orders) clientStream(_ any, stream grpc.ServerStream) error {
	a := o.arrived(stream.Context(), stream.SetTrailer)
	a.head(stream.SendHeader)
	if err := o.read(a, stream, func(*dynamicpb.Message) error { return nil }); err != nil {
		return err
	}
	a.tell("read", fields{})
	if err := a.failure(); err != nil {
		return err
	}
	return stream.SendMsg(o.schema.make(a.Received, nil))
}

func (o *orders) bothStream(_ any, stream grpc.ServerStream) error {
	a := o.arrived(stream.Context(), stream.SetTrailer)
	a.head(stream.SendHeader)
	if err := o.greet(a, stream); err != nil {
		return err
	}
	if err := a.failure(); err != nil {
		return err
	}
	var kept []*dynamicpb.Message
	err := o.read(a, stream, func(order *dynamicpb.Message) error {
		if a.does.Wait {
			kept = append(kept, order)
			return nil
		}
		if a.does.Greet > 0 {
			return nil
		}
		return stream.SendMsg(order)
	})
	if err != nil {
		return err
	}
	a.tell("read", fields{})
	for _, order := range kept {
		if err := stream.SendMsg(order); err != nil {
			return err
		}
	}
	return nil
}
