package main

import (
	"encoding/base64"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema is order.proto as it came from whoever started us: one file for all peers, and no generated code.
type schema struct {
	order                   protoreflect.MessageDescriptor
	number, customer, lines protoreflect.FieldDescriptor
}

func readSchema(path string) (*schema, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var described descriptorpb.FileDescriptorProto
	if err := proto.Unmarshal(bytes, &described); err != nil {
		return nil, err
	}
	file, err := protodesc.NewFile(&described, nil)
	if err != nil {
		return nil, err
	}
	order := file.Messages().ByName("Order")
	fields := order.Fields()
	return &schema{order, fields.ByName("number"), fields.ByName("customer"), fields.ByName("lines")}, nil
}

func (s *schema) empty() *dynamicpb.Message {
	return dynamicpb.NewMessage(s.order)
}

func (s *schema) make(number int, lines []byte) *dynamicpb.Message {
	order := s.empty()
	order.Set(s.number, protoreflect.ValueOfInt32(int32(number)))
	order.Set(s.customer, protoreflect.ValueOfString("ada"))
	order.Set(s.lines, protoreflect.ValueOfBytes(lines))
	return order
}

// counted counts the messages of one direction, and whether each came in its place.
type counted struct {
	Received int  `json:"received"`
	Bytes    int  `json:"bytes"`
	Ordered  bool `json:"ordered"`
	Last     int  `json:"last"`
}

func (c *counted) add(s *schema, order *dynamicpb.Message) {
	c.Last = int(order.Get(s.number).Int())
	if c.Last != c.Received {
		c.Ordered = false
	}
	c.Received++
	c.Bytes += len(order.Get(s.lines).Bytes())
}

const mib = 1024 * 1024

// The first stop is so many times as long: time for the whole of a stream to come, if nobody held it back.
const firstStop = 100

// slowly stops a reader for a while whenever another MiB has come.
type slowly struct {
	pause time.Duration
	next  int
}

func newSlowly(pauseMs int) *slowly {
	return &slowly{time.Duration(pauseMs) * time.Millisecond * firstStop, mib}
}

func (s *slowly) at(bytes int) {
	if s.pause == 0 || bytes < s.next {
		return
	}
	s.next = bytes + mib
	time.Sleep(s.pause)
	if bytes < 2*mib {
		s.pause /= firstStop
	}
}

// fields is metadata by name; a name that ends in -bin has its bytes in base64.
type fields map[string][]string

func toFields(md metadata.MD) fields {
	all := fields{}
	for name, values := range md {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			all[name] = append(all[name], value)
		}
	}
	return all
}

func toMetadata(all fields) (metadata.MD, error) {
	md := metadata.MD{}
	for name, values := range all {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				bytes, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					return nil, err
				}
				value = string(bytes)
			}
			md.Append(name, value)
		}
	}
	return md, nil
}

// echoes is only what a server sends back.
func echoes(md metadata.MD) metadata.MD {
	back := metadata.MD{}
	for name, values := range md {
		if strings.HasPrefix(name, "x-echo") {
			back[name] = values
		}
	}
	return back
}
