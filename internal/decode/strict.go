package decode

import "bytes"

// duplicate refuses a key that came before in its object. The member is a step
// below it.
func (d *decoder) duplicate(member step) {
	d.add(Problem{State: Duplicate})
	d.under(d.found-1, member)
}

// anyMember puts what was found since there were found problems below a key of m,
// and refuses the key where it is there already.
func (d *decoder) anyMember(m map[string]any, key string, found int) {
	member := step{name: keyInPath(key)}
	if d.found != found {
		d.under(found, member)
	}
	if _, twice := m[key]; twice {
		d.duplicate(member)
	}
}

// unknown refuses a key that a struct has no field for. Its place is behind those of
// the fields.
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
