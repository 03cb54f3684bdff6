package org.sluice.tck;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.sluice.spi.pgtable.PageTableFormat;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The page-table formats of a bundle, by its component descriptions: what the component runtime would find. */
final class FormatJar {
    /** A component that provides a format. */
    record Component(String format, String implementation) {}

    private FormatJar() {}

    /**
     * Reads the component descriptions of a jar.
     *
     * @throws IOException the jar or a description cannot be read; the message names it
     */
    static List<Component> components(JarFile jar) throws IOException {
        List<Component> found = new ArrayList<>();
        for (JarEntry entry : Collections.list(jar.entries())) {
            if (entry.getName().matches("OSGI-INF/.*\\.xml")) {
                try (InputStream content = jar.getInputStream(entry)) {
                    addFormat(content, found);
                } catch (SAXException | ParserConfigurationException broken) {
                    throw new IOException(entry.getName() + " of " + jar.getName() + " is not readable", broken);
                }
            }
        }
        return found;
    }

    private static void addFormat(InputStream content, List<Component> found)
            throws IOException, SAXException, ParserConfigurationException {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Element root = factory.newDocumentBuilder().parse(content).getDocumentElement();
        String implementation = implementation(root);
        boolean provides = false;
        NodeList services = root.getElementsByTagName("provide");
        for (int i = 0; i < services.getLength(); i++) {
            provides |= ((Element) services.item(i)).getAttribute("interface").equals(PageTableFormat.class.getName());
        }
        if (provides && !implementation.isEmpty()) {
            found.add(new Component(formatName(root), implementation));
        }
    }

    private static String implementation(Element root) {
        NodeList elements = root.getElementsByTagName("implementation");
        return elements.getLength() == 0 ? "" : ((Element) elements.item(0)).getAttribute("class");
    }

    private static String formatName(Element root) {
        NodeList properties = root.getElementsByTagName("property");
        for (int i = 0; i < properties.getLength(); i++) {
            Element property = (Element) properties.item(i);
            if (property.getAttribute("name").equals(PageTableFormat.FORMAT)) {
                return property.getAttribute("value");
            }
        }
        return "";
    }
}
