package apiphant

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/internal/decode"
)

// patterns finds the address that a path matches. It has a tree of segments for each
// method, since the patterns of one method do not count for another.
type patterns map[string]*node

// node is where a pattern is after some of its segments: the segments that can come next,
// and the patterns that end here.
type node struct {
	literals map[string]*node
	any      *node       // {name}
	end      *addressEnd // of a pattern that ends here
	rest     *addressEnd // of one that takes all that follows
}

// addressEnd is where a pattern leads.
type addressEnd struct {
	endpoint *Endpoint
	names    []string // of the parameters, in the order of the path; "": it has none
	bare     *further // of a request without parameters
}

// add adds an address, and returns the names of its parameters.
func (p patterns) add(address Address, endpoint *Endpoint) (names []string) {
	if p[address.Method] == nil {
		p[address.Method] = &node{}
	}
	at, end := p[address.Method], &addressEnd{endpoint: endpoint, bare: &further{rest: true}}
	for segment := range strings.SplitSeq(address.Pattern[1:], "/") {
		name, isParameter := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case segment == "": // a slash at the end stands for all below it
			end.names = append(end.names, "")
			at.rest = end
			return end.names
		case segment == "{$}":
			at.literal("").end = end
			return end.names
		case strings.HasSuffix(name, "...") && isParameter:
			end.names = append(end.names, strings.TrimSuffix(name, "..."))
			at.rest = end
			return end.names
		case isParameter:
			end.names = append(end.names, name)
			if at.any == nil {
				at.any = &node{}
			}
			at = at.any
		default:
			at = at.literal(unescaped(segment))
		}
	}
	at.end = end
	return end.names
}

func (n *node) literal(segment string) *node {
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// unescaped returns a part of a path or pattern, percent-decoded.
func unescaped(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}

// find returns the endpoint for a request, or what it is refused with.
func (p patterns) find(method, path, query []byte) Match {
	if !isMatchable(path) {
		return Match{refusal: http.StatusNotFound}
	}
	var room [8]span // so that only a path with more parameters allocates
	end, spans := p.end(method, path, room[:0])
	if end == nil {
		return p.refused(method, path)
	}
	if len(query) == 0 && len(spans) == 0 {
		return Match{Endpoint: end.endpoint, further: end.bare}
	}
	return Match{Endpoint: end.endpoint, further: &further{rest: true, path: end.values(string(path), spans), query: string(query)}}
}

// values returns what a path has in place of the parameters.
func (end *addressEnd) values(path string, spans []span) []decode.Value {
	values, texts := make([]decode.Value, 0, len(spans)), make([]string, len(spans))
	for i, span := range spans {
		if name := end.names[i]; name != "" {
			texts[i] = unescaped(path[span.from:span.to])
			values = append(values, decode.Value{Name: name, Texts: texts[i : i+1 : i+1]})
		}
	}
	return values
}

// refused returns the answer to a path that no pattern for the method matches. OPTIONS
// asks which methods there are.
func (p patterns) refused(method, path []byte) Match {
	allowed := p.allowed(path)
	if len(allowed) == 0 {
		return Match{refusal: http.StatusNotFound}
	}
	refusal := http.StatusMethodNotAllowed
	if string(method) == http.MethodOptions {
		refusal = http.StatusNoContent
	}
	return Match{refusal: refusal, further: &further{allow: strings.Join(allowed, ", ")}}
}

// end returns where a request leads, and the parts of its path that are parameters. HEAD
// asks for what GET would answer.
func (p patterns) end(method, path []byte, spans []span) (*addressEnd, []span) {
	if root := p[string(method)]; root != nil {
		if end, found := root.match(path, 1, spans); end != nil {
			return end, found
		}
	}
	if string(method) == http.MethodHead && p[http.MethodGet] != nil {
		return p[http.MethodGet].match(path, 1, spans)
	}
	return nil, nil
}

// allowed returns the methods that a path can be asked with, sorted.
func (p patterns) allowed(path []byte) (methods []string) {
	var room [8]span
	for method, root := range p {
		if end, _ := root.match(path, 1, room[:0]); end != nil {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		return nil
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	slices.Sort(methods)
	return slices.Compact(methods)
}

// span is the part of a path between two offsets.
type span struct{ from, to int }

// match returns the most specific pattern for what a path has from an offset on, at
// which a segment begins. The offset is beyond the path where it has no further segment.
func (n *node) match(path []byte, from int, spans []span) (*addressEnd, []span) {
	if from > len(path) {
		return n.end, spans
	}
	to := len(path)
	if slash := bytes.IndexByte(path[from:], '/'); slash >= 0 {
		to = from + slash
	}
	if literal := n.literalOf(path[from:to]); literal != nil {
		if end, found := literal.match(path, to+1, spans); end != nil {
			return end, found
		}
	}
	if n.any != nil && from < to {
		if end, found := n.any.match(path, to+1, append(spans, span{from, to})); end != nil {
			return end, found
		}
	}
	if n.rest != nil {
		return n.rest, append(spans, span{from, len(path)})
	}
	return nil, nil
}

// literalOf returns the node for a segment of a path, or nil.
func (n *node) literalOf(segment []byte) *node {
	if len(n.literals) == 0 {
		return nil
	}
	if bytes.IndexByte(segment, '%') >= 0 {
		return n.literals[unescaped(string(segment))]
	}
	return n.literals[string(segment)]
}

// isMatchable reports whether a path is one that a pattern may match. One with dot
// segments, which clients and proxies resolve in different ways, is not.
func isMatchable(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for rest := path[1:]; ; {
		segment, after, more := bytes.Cut(rest, []byte("/"))
		if bytes.IndexByte(segment, '%') >= 0 {
			text, err := url.PathUnescape(string(segment))
			if err != nil || text == "." || text == ".." {
				return false
			}
		} else if string(segment) == "." || string(segment) == ".." {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}
