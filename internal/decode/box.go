package decode

import (
	"encoding/json"
	"unsafe"
)

// An any is two words, of which the second points to the value.
type emptyInterface struct {
	typ   unsafe.Pointer
	value unsafe.Pointer
}

var (
	stringWord = typeWord("")
	numberWord = typeWord(json.Number(""))
	listWord   = typeWord([]any(nil))
)

func typeWord(v any) unsafe.Pointer { return (*emptyInterface)(unsafe.Pointer(&v)).typ }

// oneDigit are the numbers that come most.
var oneDigit = [10]any{json.Number("0"), json.Number("1"), json.Number("2"), json.Number("3"), json.Number("4"),
	json.Number("5"), json.Number("6"), json.Number("7"), json.Number("8"), json.Number("9")}

// boxText makes an any of a text. In the records of a list the same texts come again
// and again, and become one value; where they don't, looking for them soon ends.
func (d *decoder) boxText(text []byte) any {
	if d.objects < 2 || len(text) > shortString || len(text) == 0 {
		return d.box(stringWord, text)
	}
	mem := d.memory
	if mem.hope == hopeless {
		return d.box(stringWord, text)
	}
	known := &mem.values[hash(text)]
	if e := (*emptyInterface)(unsafe.Pointer(known)); e.value != nil && *(*string)(e.value) == string(text) {
		mem.hope = min(mem.hope+4, -hopeless)
		return *known
	}
	mem.hope--
	*known = d.box(stringWord, text)
	return *known
}

// hopeless is a hope at which at most one text in five is met again.
const hopeless = -64

const boxes = 8

// box makes an any of the type of a word, which is made of a string. Where short
// texts are many their values are made eight at a time; the usual conversion
// allocates for each.
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
	e := (*emptyInterface)(unsafe.Pointer(&v))
	e.typ, e.value = word, unsafe.Pointer(p)
	return v
}

// shortList makes a []any of a few elements. It lies together with them: an any of a
// slice points to the slice, which the usual conversion puts into memory of its own.
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

func boxList(list *[]any, room, few []any) (v any) {
	copy(room, few)
	*list = room
	e := (*emptyInterface)(unsafe.Pointer(&v))
	e.typ, e.value = listWord, unsafe.Pointer(list)
	return v
}
