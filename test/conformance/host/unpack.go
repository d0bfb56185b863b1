package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// unpack lays a bundle out as the server does: only regular files and directories, modes from the
// archive, nothing outside the target. It returns the single top directory.
func unpack(bundle, target string) (string, error) {
	file, err := os.Open(bundle)
	if err != nil {
		return "", err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	top := ""
	reader := tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(target, top), nil
		}
		if err != nil {
			return "", err
		}
		name := filepath.Clean(header.Name)
		if !filepath.IsLocal(name) {
			return "", fmt.Errorf("%s leaves the bundle", header.Name)
		}
		first, _, _ := strings.Cut(name, "/")
		if top == "" {
			top = first
		} else if first != top {
			return "", fmt.Errorf("%s: the bundle has more than one top directory", header.Name)
		}
		if err := unpackEntry(header, reader, filepath.Join(target, name)); err != nil {
			return "", err
		}
	}
}

func unpackEntry(header *tar.Header, content io.Reader, path string) error {
	switch header.Typeflag {
	case tar.TypeDir:
		return os.MkdirAll(path, 0o744)
	case tar.TypeReg:
		if err := os.MkdirAll(filepath.Dir(path), 0o744); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, os.FileMode(header.Mode))
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, content); err != nil {
			file.Close()
			return err
		}
		return file.Close()
	default:
		return fmt.Errorf("%s is neither a file nor a directory: the server would skip it", header.Name)
	}
}
