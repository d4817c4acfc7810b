//! Invented companies and people. None is meant to be a real one.

use super::dice::Dice;

/// Names that try a page (scripts, directions, quotes, lengths) and their trades.
pub(super) const UNUSUAL: [(&str, &str); 16] = [
    ("🌱 Sproutmere Farms", "Agriculture"),
    ("Pixel & Paw 🐾", "Retail"),
    ("שדה כרמים ושותפיו", "Food"),
    ("واحة النخيل للتوزيع", "Logistics"),
    ("Café Montbrière & Fils", "Food"),
    ("Żurawiec Młyny Południowe", "Manufacturing"),
    ("Øvrebakken Sjømat", "Food"),
    ("Großbärenthaler Feinwerkzeugmanufaktur", "Manufacturing"),
    ("O’Dunmere & Daughters", "Legal"),
    ("\"Quillon\" Goods, Ltd", "Retail"),
    ("<Angle> Brackets & Sons", "Manufacturing"),
    ("Ünlüpınar Seramik", "Manufacturing"),
    ("Ñandubay Logística", "Logistics"),
    (
        "The Incorporated Fellowship of Harbour Pilots, Lightkeepers and Tidal Surveyors of the Outer \
         Marrow Islands (Cooperative Society)",
        "Logistics",
    ),
    ("X7", "Technology"),
    ("E\u{301}nergies Vaubrelle", "Energy"),
];

/// Two customers who pay in yen.
pub(super) const JAPANESE: [(&str, &str); 2] =
    [("東雲みなと計測", "Manufacturing"), ("Hoshikawa Denshi 星川電子", "Technology")];

const STARTS: [&str; 36] = [
    "Alder", "Bram", "Calder", "Dun", "Eves", "Fenn", "Gorse", "Hazel", "Ivel", "Juniper", "Kestrel", "Lorn",
    "Marl", "Nettle", "Orrin", "Pell", "Quen", "Rush", "Sorrel", "Tarn", "Ulver", "Vella", "Wren", "Yarrow",
    "Zephy", "Amber", "Birken", "Cor", "Drift", "Elder", "Flint", "Grey", "Hollin", "Inver", "Kelda",
    "Larch",
];

const ENDS: [&str; 20] = [
    "brook", "mere", "wick", "holt", "stead", "combe", "garth", "thwaite", "ling", "dale", "mar", "ford",
    "haven", "moor", "cote", "well", "beck", "shaw", "ridge", "low",
];

const TRADES: [(&str, &[&str]); 12] = [
    ("Logistics", &["Freight", "Shipping", "Logistics"]),
    ("Healthcare", &["Health", "Dental Group", "Clinics"]),
    ("Manufacturing", &["Tooling", "Castings", "Works"]),
    ("Retail", &["Outfitters", "Stores", "Market"]),
    ("Finance", &["Mutual", "Credit Union", "Capital"]),
    ("Technology", &["Systems", "Software", "Labs"]),
    ("Media", &["Press", "Studios", "Broadcasting"]),
    ("Energy", &["Energy", "Wind", "Grid"]),
    ("Food", &["Foods", "Bakeries", "Provisions"]),
    ("Legal", &["Legal", "Advisory", "& Partners"]),
    ("Real estate", &["Estates", "Properties", "Homes"]),
    ("Public sector", &["Water Board", "Transit", "Council Services"]),
];

/// Names whose trade follows a season.
pub(super) fn seasonal_trade(industry: &str) -> &'static [&'static str] {
    match industry {
        "Education" => &["Academy", "Schools Trust", "College"],
        "Travel" => &["Travel", "Lodges", "Ferries"],
        _ => &["Outfitters", "Stores", "Market"],
    }
}

/// A supply of company names without repetition.
pub(super) struct Companies {
    stems: Vec<String>,
}

impl Companies {
    /// All stems in random order, but those that begin a name already given.
    pub(super) fn new(dice: &mut Dice, given: &[&str]) -> Companies {
        let mut stems: Vec<String> =
            STARTS.iter().flat_map(|start| ENDS.iter().map(move |end| format!("{start}{end}"))).collect();
        stems.retain(|stem| !given.iter().any(|name| name.starts_with(stem.as_str())));
        dice.shuffle(&mut stems);
        Companies { stems }
    }

    /// The next name and its industry; within a given industry if there is one.
    pub(super) fn next(&mut self, dice: &mut Dice, industry: Option<&'static str>) -> (String, &'static str) {
        let (industry, words) = match industry {
            Some(industry) => (industry, seasonal_trade(industry)),
            None => dice.pick(&TRADES),
        };
        let stem = self.stems.pop().unwrap_or_else(|| format!("Northing {}", dice.below(1_000_000)));
        (format!("{stem} {}", dice.pick(words)), industry)
    }
}

const GIVEN: [&str; 48] = [
    "Aino", "Amara", "Anders", "Beatriz", "Bilal", "Camille", "Chidi", "Dagny", "Daniel", "Deepa", "Eero",
    "Esra", "Farah", "Fumiko", "Gavin", "Greta", "Hana", "Hugo", "Ilse", "Imran", "Jamal", "Jorun", "Kaia",
    "Kenji", "Laila", "Leo", "Maëlle", "Marek", "Mirela", "Nadia", "Niamh", "Omar", "Oona", "Pablo", "Priya",
    "Quinn", "René", "Rosa", "Sanna", "Søren", "Tariq", "Thandi", "Ulla", "Viktor", "Wanda", "Xavier",
    "Yara", "Zoë",
];

const FAMILY: [&str; 48] = [
    "Abara",
    "Adeyinka",
    "Alvim",
    "Bergqvist",
    "Bianchetti",
    "Brannock",
    "Castellane",
    "Chaudry",
    "Dalgaard",
    "Dvořáková",
    "Eskola",
    "Farrant",
    "Fukuhara",
    "Galloway-Price",
    "Haddad",
    "Hallström",
    "Ibáñez",
    "Imanov",
    "Jankauskas",
    "Kapadia",
    "Kirwan",
    "Köhlmeyer",
    "Lindqvist",
    "Lóránt",
    "Mbeki",
    "Moreau",
    "Nakadai",
    "Nørgaard",
    "O’Shea",
    "Okonjo",
    "Pettifer",
    "Quiroga",
    "Rasmussen",
    "Rutkowska",
    "Sandoval",
    "Sethi",
    "Szabó",
    "Tanaka",
    "Thorvald",
    "Uchida",
    "Valtonen",
    "Vesely",
    "Wexcombe",
    "Whitlock",
    "Yilmaz",
    "Zamora",
    "Zielińska",
    "van der Meulen",
];

/// An invented person.
pub(super) fn person(dice: &mut Dice) -> String {
    format!("{} {}", dice.pick(&GIVEN), dice.pick(&FAMILY))
}

/// The Latin letters and digits of a text in lower case, words joined by `join`; letters with marks lose
/// them, other scripts fall away.
pub(super) fn plain(text: &str, join: &str) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter_map(bare).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(join)
}

fn bare(letter: char) -> Option<char> {
    let lower = letter.to_lowercase().next()?;
    let base = match lower {
        'á' | 'ä' | 'å' | 'ã' => 'a',
        'ç' | 'č' => 'c',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' => 'n',
        'ó' | 'ö' | 'ø' => 'o',
        'ř' => 'r',
        'ß' | 'ś' => 's',
        'ü' | 'ú' => 'u',
        'ý' => 'y',
        'ż' | 'ź' => 'z',
        other => other,
    };
    base.is_ascii_alphanumeric().then_some(base)
}

/// The internet domain of a company; falls back on its external id where the name has no Latin letters.
pub(super) fn domain(company: &str, external_id: &str) -> String {
    let words = plain(company, "-");
    let short: String = words.split('-').take(3).collect::<Vec<_>>().join("-");
    let label = if short.len() >= 3 { short } else { plain(external_id, "-") };
    format!("{label}.example")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_repeat() {
        let mut dice = Dice::keyed(1, &[]);
        let mut companies = Companies::new(&mut dice, &[]);
        let mut names: Vec<String> = (0..200).map(|_| companies.next(&mut dice, None).0).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 200);
    }

    #[test]
    fn domains_are_plain() {
        for (name, expected) in [
            ("Café Montbrière & Fils", "cafe-montbriere-fils.example"),
            ("שדה כרמים ושותפיו", "lf1007.example"),
            ("X7", "lf1007.example"),
        ] {
            assert_eq!(domain(name, "LF1007"), expected);
        }
    }
}
