package origin

import "golang.org/x/mod/modfile"

// ModuleFilesOf is [Origin.ModuleFiles] with files of apiphant's that are given.
func ModuleFilesOf(o Origin, name string, mod, sum []byte, modHash string) (goMod, goSum []byte, err error) {
	parsed, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return nil, nil, err
	}
	return o.moduleFiles(name, files{parsed, modHash, sum})
}
