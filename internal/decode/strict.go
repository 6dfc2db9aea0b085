package decode

import "bytes"

// duplicate adds the problem of a member whose key came before in its object.
func (d *decoder) duplicate(member step) {
	d.add(Problem{State: Duplicate})
	d.under(d.found-1, member)
}

// anyMember completes the paths of the problems after the first found ones, which are
// in the value of a key of m, and adds one if m has the key already.
func (d *decoder) anyMember(m map[string]any, key string, found int) {
	member := step{name: keyInPath(key)}
	if d.found != found {
		d.under(found, member)
	}
	if _, twice := m[key]; twice {
		d.duplicate(member)
	}
}

// unknown adds the problem of a key that a struct has no field for. It is reported
// after those of the fields.
func (d *decoder) unknown(o *object, name []byte) {
	problem := Problem{State: Unknown}
	for i := range o.fields {
		if bytes.EqualFold([]byte(o.fields[i].name), name) {
			problem.Explain = o.fields[i].name
			break
		}
	}
	d.add(problem)
	d.under(d.found-1, step{order: len(o.fields), name: keyInPath(string(name))})
}
