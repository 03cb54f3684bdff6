package org.sluice.trace.internal.swap;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.Enumeration;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** The content of an installed bundle, packed again with another version. */
final class BundleJar {
    private BundleJar() {}

    static Version next(Version version) {
        return new Version(version.getMajor(), version.getMinor(), version.getMicro() + 1);
    }

    static byte[] of(Bundle bundle, Version version) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest(bundle, version))) {
            for (String path : paths(bundle)) {
                jar.putNextEntry(new ZipEntry(path));
                try (InputStream content = bundle.getEntry(path).openStream()) {
                    content.transferTo(jar);
                }
                jar.closeEntry();
            }
        } catch (IOException cause) {
            throw new IommuException(Errno.EIO, "cannot pack bundle " + bundle + " again: " + cause);
        }
        return bytes.toByteArray();
    }

    private static Manifest manifest(Bundle bundle, Version version) throws IOException {
        try (InputStream content = bundle.getEntry(JarFile.MANIFEST_NAME).openStream()) {
            Manifest manifest = new Manifest(content);
            manifest.getMainAttributes().putValue(Constants.BUNDLE_VERSION, version.toString());
            return manifest;
        }
    }

    /** Files in the bundle itself, without the manifest; in order, so that the same bundle makes the same jar. */
    private static TreeSet<String> paths(Bundle bundle) {
        Enumeration<URL> entries = bundle.findEntries("/", "*", true);
        TreeSet<String> paths = new TreeSet<>();
        for (URL entry : Collections.list(entries)) {
            String path = entry.getPath().substring(1);
            if (!path.endsWith("/") && !path.equals(JarFile.MANIFEST_NAME)) {
                paths.add(path);
            }
        }
        return paths;
    }
}
