package org.sluice.itest;

import static java.util.stream.Collectors.toCollection;
import static java.util.stream.Collectors.toMap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/** The house as it was built: which bundle stands on which floor, and what the jars say. */
final class House {
    /** Floor by bundle, without the prefix {@code org.sluice.}; a bundle imports only from floors below it. */
    static final Map<String, Integer> FLOORS = Map.ofEntries(
            Map.entry("api", 0),
            Map.entry("spi", 1), // the ground floor's second half: plug-in contracts speak of the clients' types
            Map.entry("layout", 1),
            Map.entry("smmuv3.arch", 2),
            Map.entry("smmuv2.arch", 2),
            Map.entry("adreno.arch", 2),
            Map.entry("vmsa.arch", 2),
            Map.entry("amd.arch", 2),
            Map.entry("apple.arch", 2),
            Map.entry("riscv.arch", 2),
            Map.entry("x86.arch", 2),
            Map.entry("pgtable.radix", 2),
            Map.entry("driver.base", 2),
            Map.entry("board.base", 2),
            Map.entry("memory", 3),
            Map.entry("pgtable.arm", 3),
            Map.entry("pgtable.amd", 3),
            Map.entry("pgtable.apple", 3),
            Map.entry("pgtable.riscv", 3),
            Map.entry("pgtable.x86", 3),
            Map.entry("core", 3),
            Map.entry("process", 3),
            Map.entry("smmuv3.driver", 3),
            Map.entry("smmuv2.driver", 3),
            Map.entry("smmuv2.model", 3),
            Map.entry("smmuv3.model", 3),
            Map.entry("vendor.msm", 3),
            Map.entry("vendor.arm", 3),
            Map.entry("vendor.cavium", 3),
            Map.entry("vendor.hisilicon", 3),
            Map.entry("vendor.calxeda", 3),
            Map.entry("vendor.marvell", 3),
            Map.entry("vendor.nvidia", 3),
            Map.entry("board.model", 3),
            Map.entry("board.qemu", 3),
            Map.entry("demo.gpu", 4),
            Map.entry("trace", 4),
            Map.entry("shell", 5));

    /** Not deployed, so on no floor. */
    static final List<String> TOOLS = List.of("itest", "stress", "tck", "bench", "pgtable.testkit", "smmuv2.testkit");

    private House() {}

    static Path root() {
        return Path.of(System.getProperty("sluice.root")).normalize();
    }

    /** Folder names under {@code bundles/}, without the prefix. */
    static TreeSet<String> modules() {
        try (var folders = Files.list(root().resolve("bundles"))) {
            return folders.filter(folder -> Files.exists(folder.resolve("pom.xml")))
                    .map(folder -> folder.getFileName().toString().replaceFirst("^org\\.sluice\\.", ""))
                    .filter(name -> !TOOLS.contains(name))
                    .collect(toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path classes(String module) {
        return root().resolve("bundles/org.sluice." + module + "/target/classes");
    }

    static SortedMap<String, Manifest> manifests() {
        return modules().stream().collect(toMap(module -> module, House::manifest, (one, other) -> one, TreeMap::new));
    }

    private static Manifest manifest(String module) {
        Path target = root().resolve("bundles/org.sluice." + module + "/target");
        try (var files = Files.list(target)) {
            Path jar = files.filter(file -> file.getFileName()
                            .toString()
                            .matches("org\\.sluice\\..*SNAPSHOT\\.jar|org\\.sluice\\.[a-z0-9.]*-[0-9.]*\\.jar"))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no jar in " + target));
            try (JarFile content = new JarFile(jar.toFile())) {
                return content.getManifest();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bundle that a package belongs to: the longest name that is its prefix. */
    static String ownerOf(String packageName) {
        String owner = "";
        for (String module : FLOORS.keySet()) {
            String root = "org.sluice." + module;
            if ((packageName.equals(root) || packageName.startsWith(root + ".")) && module.length() > owner.length()) {
                owner = module;
            }
        }
        if (owner.isEmpty()) {
            throw new IllegalStateException("package " + packageName + " belongs to no bundle of the house");
        }
        return owner;
    }
}
