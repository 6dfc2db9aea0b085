package decode

import (
	"encoding/json"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

var (
	stringWord = typeWord("")
	numberWord = typeWord(json.Number(""))
	listWord   = typeWord([]any(nil))
)

func typeWord(v any) unsafe.Pointer { return (*fields.EmptyInterface)(unsafe.Pointer(&v)).Type }

// oneDigit holds the numbers of one digit, which then need no memory. Without this,
// decoding takes 7 % longer at 1 KB (go test -bench Object/1KB ./internal/decode).
var oneDigit = [10]any{json.Number("0"), json.Number("1"), json.Number("2"), json.Number("3"), json.Number("4"),
	json.Number("5"), json.Number("6"), json.Number("7"), json.Number("8"), json.Number("9")}

// boxText returns text as an any. Equal short texts of one request share one value, since
// the records of a list often repeat texts. Without this, decoding takes 6 % longer and a
// tenth more memory at 100 KB. Where texts are not repeated, the lookups soon end and cost
// 1 % (go test -bench 'Object/(100KB|different)' ./internal/decode).
func (d *decoder) boxText(text []byte) any {
	if d.objects < 2 || len(text) > shortString || len(text) == 0 || d.memory.lookups == 0 {
		return d.box(stringWord, text)
	}
	mem := d.memory
	known := &mem.values[slot(text)]
	if e := (*fields.EmptyInterface)(unsafe.Pointer(known)); e.Word != nil && *(*string)(e.Word) == string(text) {
		mem.lookups = min(mem.lookups+4, 2*fewLookups)
		return *known
	}
	mem.lookups--
	*known = d.box(stringWord, text)
	return *known
}

// fewLookups is how many lookups of texts find nothing before they end, if no text of the
// request is repeated. Each that finds one permits four more.
const fewLookups = 64

// slot returns the index in memory.values for a text that is not empty.
func slot(text []byte) uint8 {
	n := len(text)
	return uint8(n*7+int(text[0])+int(text[n-1])*5+int(text[n/2])*3) % knownKeys
}

// boxes is how many values of an any are allocated together.
const boxes = 8

// box returns an any whose value is text, of the string type that word stands for. In all
// but the first object of a request it allocates the values of short texts eight at a
// time, whereas the usual conversion to any allocates each. Without this, decoding takes
// 6 % longer at 1 KB (go test -bench Object/1KB ./internal/decode).
func (d *decoder) box(word unsafe.Pointer, text []byte) (v any) {
	var p *string
	if d.objects < 2 || len(text) > shortString {
		p = new(string)
	} else {
		i := d.boxed % boxes
		if i == 0 {
			d.boxes = new([boxes]string)
		}
		d.boxed++
		p = &d.boxes[i]
	}
	*p = d.copy(text)
	e := (*fields.EmptyInterface)(unsafe.Pointer(&v))
	e.Type, e.Word = word, unsafe.Pointer(p)
	return v
}

// shortList returns a []any of up to four elements as an any. An any of a slice points to
// the slice header, for which the usual conversion makes a second allocation; here header
// and elements are allocated together. Without this, decoding takes 5 % longer at 1 KB
// (go test -bench Object/1KB ./internal/decode).
func shortList(few []any) any {
	switch len(few) {
	case 1:
		p := new(struct {
			list []any
			room [1]any
		})
		return boxList(&p.list, p.room[:], few)
	case 2:
		p := new(struct {
			list []any
			room [2]any
		})
		return boxList(&p.list, p.room[:], few)
	case 3:
		p := new(struct {
			list []any
			room [3]any
		})
		return boxList(&p.list, p.room[:], few)
	default:
		p := new(struct {
			list []any
			room [fewElements]any
		})
		return boxList(&p.list, p.room[:], few)
	}
}

// boxList copies few to room, and returns an any of list, which becomes room.
func boxList(list *[]any, room, few []any) (v any) {
	copy(room, few)
	*list = room
	e := (*fields.EmptyInterface)(unsafe.Pointer(&v))
	e.Type, e.Word = listWord, unsafe.Pointer(list)
	return v
}
