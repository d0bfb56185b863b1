package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing/quick"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	_ "github.com/mattermost/mattermost/server/public/plugin"
)

type Z_GetConfigReturns struct{ A *model.Config }
type Z_ServeHTTPArgs struct {
	ResponseWriterStream uint32
	Request              *http.Request
	Context              *struct{ SessionId, RequestId string }
	RequestBodyStream    uint32
}
type Inner struct {
	F float64
	G float32
	M map[string][]int32
	P *Inner
	T time.Time
	A [3]uint16
}
type Random struct {
	B   bool
	I   int
	I8  int8
	I64 int64
	U   uint
	U64 uint64
	F   float64
	C   complex128
	S   string
	Y   []byte
	L   []string
	LI  []Inner
	M   map[int64]string
	MM  map[string]map[string]bool
	P   *Inner
	PS  *string
	X   any
	XS  []any
	XM  map[string]any
}

func config() *model.Config {
	c := &model.Config{}
	c.SetDefaults()
	c.PluginSettings.Plugins = map[string]map[string]any{
		"com.example.a": {"text": "x", "number": 1.5, "flag": true, "none": nil, "list": []any{"a", 2.0, []any{false}}, "map": map[string]any{"deep": map[string]any{"deeper": []any{map[string]any{"end": nil}}}}},
		"com.example.b": {"list": []any{}, "map": map[string]any{}},
	}
	return c
}

// usage: make DIRECTORY c|h|r: one stream per process, because Go numbers types per process.
func main() {
	out := os.Args[1]
	write := func(name string, values ...any) {
		var b bytes.Buffer
		e := gob.NewEncoder(&b)
		for _, v := range values {
			if err := e.Encode(v); err != nil {
				panic(err)
			}
		}
		if err := os.WriteFile(out+"/"+name, b.Bytes(), 0o644); err != nil {
			panic(err)
		}
		fmt.Println(name, b.Len())
	}
	if os.Args[2] == "c" {
		write("config.gob", Z_GetConfigReturns{config()}, Z_GetConfigReturns{config()})
		return
	}
	u, _ := url.Parse("/jobs?x=1")
	r := &http.Request{Method: "GET", URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"A": {"b"}}, Host: "h", RemoteAddr: "1.2.3.4:5", RequestURI: "/jobs?x=1"}
	if os.Args[2] == "h" {
		write("http-request.gob", Z_ServeHTTPArgs{5, r, &struct{ SessionId, RequestId string }{"", "r"}, 6}, Z_ServeHTTPArgs{7, r, nil, 8})
		return
	}
	// The first type of a process: an id more or less makes no difference to readers.
	gob.NewEncoder(&bytes.Buffer{}).Encode(struct{ X int }{})
	rng := rand.New(rand.NewSource(1))
	values := []any{}
	for i := 0; i < 60; i++ {
		v, ok := quick.Value(reflect.TypeOf(struct {
			B   bool
			I   int
			I8  int8
			I64 int64
			U   uint
			U64 uint64
			F   float64
			C   complex128
			S   string
			Y   []byte
			L   []string
			M   map[int64]string
			MM  map[string]map[string]bool
			PS  *string
		}{}), rng)
		if !ok {
			panic("no value")
		}
		s := v
		x := Random{B: s.Field(0).Bool(), I: int(s.Field(1).Int()), I8: int8(s.Field(2).Int()), I64: s.Field(3).Int(), U: uint(s.Field(4).Uint()), U64: s.Field(5).Uint(), F: s.Field(6).Float(), C: s.Field(7).Complex(), S: strings.ToValidUTF8(s.Field(8).String()[:min(40, len(s.Field(8).String()))], "."), Y: s.Field(9).Bytes()[:min(30, len(s.Field(9).Bytes()))]}
		l := s.Field(10).Interface().([]string)
		for _, t := range l[:min(3, len(l))] {
			x.L = append(x.L, strings.ToValidUTF8(t[:min(9, len(t))], "."))
		}
		x.PS = s.Field(13).Interface().(*string)
		if x.PS != nil {
			t := strings.ToValidUTF8((*x.PS)[:min(9, len(*x.PS))], ".")
			x.PS = &t
		}
		x.LI = []Inner{{F: math.Inf(1), G: 1.25, M: map[string][]int32{"k": {1, -1}}, T: time.Unix(int64(i)*1e7, int64(i)).In(time.FixedZone("x", i*600)), P: &Inner{A: [3]uint16{uint16(i)}}}}
		x.M = map[int64]string{int64(i) - 30: "m"}
		x.MM = map[string]map[string]bool{"a": {"b": i%2 == 0}}
		if i%3 > 0 {
			x.X = []any{int(i), int8(-1), uint64(math.MaxUint64), float32(0.5), "s", []byte("b"), []string{"q"}, nil, map[string]any{"z": []any{complex(1, 2)}}}[i%9]
		}
		if i%4 > 1 {
			x.XS = []any{nil, map[string]any{"n": i}, "t", []any{[]any{int64(i)}}}
		}
		if i > 40 {
			x.XM = map[string]any{"e": &model.AppError{Id: "x", StatusCode: i}}
		}
		if i%5 == 0 {
			x.P = &Inner{}
		}
		values = append(values, x)
	}
	write("random.gob", values...)
}
